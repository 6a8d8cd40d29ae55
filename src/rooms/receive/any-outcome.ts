// Events that the current state allows whatever a conflict comes to: for them it need not be resolved.
//
// What all branches agree on stands in the resolved state. Elsewhere there is one of the events among which the resolution chooses,
// or nothing. That there is something is sure where a branch has an event that passes as long as there is nothing: were all others
// refused, it would not be. Room versions 2 to 12, "State resolution".

import { allowedByAll, type Choice } from '../../protocol/auth-rules/allowed-by-all.ts';
import { authEventKeys } from '../../protocol/auth-rules/auth-event-keys.ts';
import type { RoomEvent } from '../../protocol/events/room-event.ts';
import type { StateKeyPair } from '../state/room-state.ts';
import { getEntries } from '../state-tree/read-entries.ts';
import type { NodeHash } from '../state-tree/state-node.ts';
import type { Batch } from './batch.ts';
import { CREATE, currentState, judgedBy, POLICY } from './current-state.ts';
import { loadEvents } from './load-events.ts';
import { type Contenders, endsOf, rootsOf } from './room-ends.ts';
import { nidsOf } from './state-key-nids.ts';

/** What may stand under a key of the resolved state; all by nid. */
interface Outcome {
  readonly pair: StateKeyPair;
  /** What the branches have there; undefined: one has nothing. */
  readonly values: ReadonlySet<number | undefined>;
  readonly contenders: ReadonlySet<number>;
}

/** Whether every state that may come of the branches allows the event. False: it cannot be told. */
export const allowedByAnyOutcome = async (batch: Batch, event: RoomEvent): Promise<boolean> => {
  const { workedOut } = endsOf(batch);
  if (!batch.isStale || !workedOut?.contenders) return false;
  const { version } = batch.room;
  const outcomes = await outcomesOf(batch, workedOut.contenders, judgedBy(batch.room, event));
  const choices: Choice[] = [];
  for (const outcome of outcomes) choices.push(await choiceAfter(batch, outcome));
  if (allowedByAll(event, version, choices)) return true;
  for (const [index, outcome] of outcomes.entries()) {
    const { events, ...key } = choices[index]!;
    if (events.length < 2 || !(await hasSomething(batch, workedOut.contenders, outcome))) continue;
    choices[index] = { ...key, events: events.filter((one) => one !== undefined) };
  }
  return allowedByAll(event, version, choices);
};

/** A state with the m.room.policy of the current one. */
export const stateWithPolicy = async (batch: Batch): Promise<NodeHash> => {
  const [any] = rootsOf(batch);
  if (!batch.isStale || any === undefined) return currentState(batch);
  const [policy] = await nidsOf(batch, [POLICY]);
  if (policy === undefined) return any;
  const { contenders } = endsOf(batch).workedOut ?? {};
  const [outcome] = contenders ? await outcomesOf(batch, contenders, [POLICY]) : [];
  return outcome && isCertain(outcome) ? any : currentState(batch);
};

const outcomesOf = async (
  batch: Batch,
  contenders: Contenders,
  pairs: readonly StateKeyPair[],
): Promise<readonly Outcome[]> => {
  const { source } = batch.engine.state;
  const keys = await nidsOf(batch, pairs);
  const known = keys.filter((key) => key !== undefined);
  const branches: ReadonlyMap<number, number>[] = [];
  for (const root of endsOf(batch).roots.keys()) branches.push(await getEntries(source, root, known));
  return pairs.map((pair, index) => {
    const key = keys[index];
    // Of a key that nobody has used yet there is nothing.
    if (key === undefined) return { pair, values: new Set([undefined]), contenders: new Set() };
    const values = new Set(branches.map((branch) => branch.get(key)));
    return { pair, values, contenders: contenders.get(key) ?? new Set() };
  });
};

const isAgreed = ({ values }: Outcome): boolean => values.size === 1 && !values.has(undefined);

const isCertain = (outcome: Outcome): boolean =>
  isAgreed(outcome) || (outcome.values.size === 1 && outcome.contenders.size === 0);

const eventsAmong = ({ engine, room }: Batch, nids: Iterable<number | undefined>): Promise<RoomEvent[]> =>
  engine.state.eventsOf(
    room,
    [...nids].filter((nid) => nid !== undefined),
  );

/** What comes of the resolution. Nothing first, as it is refused most often. */
const choiceAfter = async (batch: Batch, outcome: Outcome): Promise<Choice> => {
  const { pair, values, contenders } = outcome;
  const [type, stateKey] = pair;
  if (isAgreed(outcome)) return { type, stateKey, events: await eventsAmong(batch, values) };
  return { type, stateKey, events: [undefined, ...(await eventsAmong(batch, new Set([...values, ...contenders])))] };
};

/** Whether a branch has an event there that passes as long as there is nothing. */
const hasSomething = async (batch: Batch, contenders: Contenders, { pair, values }: Outcome): Promise<boolean> => {
  if (values.size < 2) return false;
  for (const event of await eventsAmong(batch, values)) {
    if (allowedByAll(event, batch.room.version, await choicesWithin(batch, contenders, event, pair))) return true;
  }
  return false;
};

/** What an event may be judged by in the resolution, while there is nothing under the key `bare`. */
const choicesWithin = async (
  batch: Batch,
  contenders: Contenders,
  event: RoomEvent,
  bare: StateKeyPair,
): Promise<readonly Choice[]> => {
  const { engine, room } = batch;
  const named = await loadEvents(engine, room, event.authEvents);
  // "… then the appropriate state event from the event's auth_events is used if the auth event is not rejected."
  const ownOf = (type: string, stateKey: string): RoomEvent | undefined => {
    const all = event.authEvents.map((id) => named.get(id));
    const own = all.find((one) => one?.event.type === type && one.event.stateKey === stateKey);
    return own?.known.verdict === 2 ? undefined : own?.event;
  };
  const outcomes = await outcomesOf(batch, contenders, [CREATE, ...authEventKeys(event, room.version)]);
  const choices: Choice[] = [];
  for (const outcome of outcomes) {
    const [type, stateKey] = outcome.pair;
    const isBare = type === bare[0] && stateKey === bare[1];
    const nids = isBare ? [] : new Set([...outcome.values, ...outcome.contenders]);
    const others = await eventsAmong(batch, nids);
    // Since v12 no event names the create event, which is that of the room.
    const isGiven = type === 'm.room.create' && isAgreed(outcome);
    choices.push({ type, stateKey, events: isGiven ? others : [ownOf(type, stateKey), ...others] });
  }
  return choices;
};
