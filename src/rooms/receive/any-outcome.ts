// Events that the current state allows whatever a conflict comes to: for them it need not be resolved.
//
// That there is something under a key is sure where a branch has an event that passes as long as there is nothing: were all others
// refused, it would not be. Room versions 2 to 12, "State resolution".

import { allowedByAll, type Choice, choicesSince } from '../../protocol/auth-rules/allowed-by-all.ts';
import { ruledAlike } from '../../protocol/auth-rules/ruled-alike.ts';
import type { RoomEvent } from '../../protocol/events/room-event.ts';
import type { NodeHash } from '../state-tree/state-node.ts';
import type { Batch } from './batch.ts';
import { authEventsOf } from './checks/auth-events.ts';
import { currentState, judgedBy, POLICY } from './current-state.ts';
import { type Outcome, outcomesOf } from './outcomes.ts';
import { endsOf, rootsOf, type WorkedOut } from './room-ends.ts';
import { nidsOf } from './state-key-nids.ts';

/** Whether every state that may come of the branches allows the event. False: it cannot be told. */
export const allowedByAnyOutcome = async (batch: Batch, event: RoomEvent): Promise<boolean> => {
  const { workedOut } = endsOf(batch);
  if (!batch.isStale || !workedOut?.contenders) return false;
  const outcomes = await outcomesOf(batch, workedOut, judgedBy(batch.room, event));
  if (allowedBy(batch, workedOut, event, outcomes)) return true;
  const choices: Choice[] = [];
  for (const outcome of outcomes) {
    const isSure = !outcome.isAgreed && (await hasSomething(batch, workedOut, outcome));
    choices.push(isSure ? { ...outcome, events: outcome.among } : outcome);
  }
  return allowedBy(batch, workedOut, event, choices);
};

/** Of an event that is ruled as others were before, what is to be chosen from since is all that is looked at. */
const allowedBy = ({ room }: Batch, { allowed }: WorkedOut, event: RoomEvent, choices: readonly Choice[]): boolean => {
  const question = ruledAlike(event, room.version);
  const before = question === undefined ? undefined : allowed.get(question);
  const since = before ? choicesSince(choices, before) : choices;
  if (since && !allowedByAll(event, room.version, since)) return false;
  if (question !== undefined) allowed.set(question, choices);
  return true;
};

/** A state with the m.room.policy of the current one. */
export const stateWithPolicy = async (batch: Batch): Promise<NodeHash> => {
  const [any] = rootsOf(batch);
  if (!batch.isStale || any === undefined) return currentState(batch);
  const [policy] = await nidsOf(batch, [POLICY]);
  if (policy === undefined) return any;
  const { workedOut } = endsOf(batch);
  const [outcome] = workedOut?.contenders ? await outcomesOf(batch, workedOut, [POLICY]) : [];
  return outcome?.isCertain ? any : currentState(batch);
};

/** Whether a branch has an event there that passes as long as there is nothing. */
const hasSomething = async (batch: Batch, workedOut: WorkedOut, bare: Outcome): Promise<boolean> => {
  for (const event of bare.ofBranches) {
    if (allowedByAll(event, batch.room.version, await choicesWithin(batch, workedOut, event, bare))) return true;
  }
  return false;
};

/** What an event may be judged by in the resolution, while there is nothing under the key `bare`. */
const choicesWithin = async (
  batch: Batch,
  workedOut: WorkedOut,
  event: RoomEvent,
  bare: Outcome,
): Promise<readonly Choice[]> => {
  const { entries } = await authEventsOf(batch, event);
  // "… then the appropriate state event from the event's auth_events is used if the auth event is not rejected."
  const ownOf = (type: string, stateKey: string): RoomEvent | undefined => {
    const own = entries.find((one) => one.event.type === type && one.event.stateKey === stateKey);
    return own?.rejected ? undefined : own?.event;
  };
  const outcomes = await outcomesOf(batch, workedOut, judgedBy(batch.room, event));
  return outcomes.map(({ type, stateKey, among, isAgreed }) => {
    const isBare = type === bare.type && stateKey === bare.stateKey;
    const others = isBare ? [] : among;
    // Since v12 no event names the create event, which is that of the room.
    const isGiven = type === 'm.room.create' && isAgreed;
    return { type, stateKey, events: isGiven ? others : [ownOf(type, stateKey), ...others] };
  });
};
