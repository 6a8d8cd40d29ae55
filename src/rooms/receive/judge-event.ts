// The checks on receipt that need the room, in the order of the specification.
// Server-Server API, "Checks performed on receipt of a PDU", 4 to 7.

import type { EventId } from '../../protocol/ids/branded.ts';
import type { VerdictCode } from '../../storage/stores/persist.ts';
import { type AuthState, loadAuthState } from '../send/auth-state.ts';
import { getEntry } from '../state-tree/read-entries.ts';
import { setEntries } from '../state-tree/set-entries.ts';
import type { NodeHash } from '../state-tree/state-node.ts';
import { allowedByAnyOutcome, stateWithPolicy } from './any-outcome.ts';
import { type Batch, keepState, type Place } from './batch.ts';
import { authorisedByAuthEvents } from './checks/auth-events.ts';
import { signedByPolicyServer } from './checks/policy-server.ts';
import { authorisedByState } from './checks/state.ts';
import { currentState, keysFor, saysTheSame, stateInHand } from './current-state.ts';
import type { FailedCheck, IncomingEvent } from './incoming.ts';
import { isLenient, withMembersOf } from './partial-state.ts';
import { type Prevs, prevsOf, stateBefore } from './state-before.ts';

export interface Judgement {
  readonly as: Place;
  readonly verdict: VerdictCode;
  readonly failed: FailedCheck | undefined;
  readonly prevs: Prevs;
  /** What it was rejected for want of. */
  readonly awaits: readonly EventId[];
  readonly before: NodeHash | undefined;
  readonly after: NodeHash | undefined;
  /** nid of the state event that stood there before. */
  readonly replaces: number | undefined;
  /** What it was judged by of the state before it. */
  readonly auth: AuthState | undefined;
}

/** `givenBefore`: the state before it, where it is given. `nid`, `stateKey`: the event's own numbers. The caller has seen to it that it need not wait. */
export const judgeEvent = async (
  batch: Batch,
  incoming: IncomingEvent,
  { nid, stateKey }: { readonly nid: number; readonly stateKey: number | null },
  as: Place = batch.options.as,
  givenBefore?: NodeHash,
): Promise<Judgement> => {
  const { event } = incoming;
  const prevs = prevsOf(batch, event);
  const known = as === 'outlier' ? undefined : (givenBefore ?? (await stateBefore(batch, event, prevs)));
  const before = known !== undefined && isLenient(batch) ? await withMembersOf(batch, known, event) : known;
  const auth = before === undefined ? undefined : await authStateAt(batch, before, incoming);
  const { failed, awaits = [] } = await rejectionOf(batch, incoming, as, prevs, auth);
  if (failed) return { as, verdict: 2, failed, prevs, awaits, before, after: before, replaces: undefined, auth };
  const softFailure = as === 'new' ? await softFailureOf(batch, incoming, before) : undefined;
  const changes = before !== undefined && stateKey !== null;
  const change = changes ? await stateAfter(batch, before, stateKey, nid) : undefined;
  return {
    as,
    verdict: softFailure ? 1 : 0,
    failed: softFailure,
    prevs,
    awaits: [],
    before,
    after: change ? change.root : before,
    replaces: change?.replaces,
    auth,
  };
};

const authStateAt = (batch: Batch, root: NodeHash, { event }: IncomingEvent): Promise<AuthState> => {
  const { engine, room, authStates } = batch;
  const load = (): Promise<AuthState> => loadAuthState(engine.state, room, root, event, engine.serverName);
  // What m.room.member is judged by depends on more than its sender; m.room.create is judged by nothing.
  if (event.type === 'm.room.member' || event.type === 'm.room.create') return load();
  const key = `${root} ${event.sender}`;
  const known = authStates.get(key);
  if (known) return known;
  const loaded = load();
  authStates.set(key, loaded);
  return loaded;
};

interface Refusal {
  readonly failed?: FailedCheck;
  readonly awaits?: readonly EventId[];
}

const rejectionOf = async (
  batch: Batch,
  incoming: IncomingEvent,
  as: Place,
  prevs: Prevs,
  auth: AuthState | undefined,
): Promise<Refusal> => {
  const byAuthEvents = await authorisedByAuthEvents(batch, incoming.event);
  if (byAuthEvents) {
    const { failed, awaits } = byAuthEvents;
    // The state at a rejected event is asked for as well: by those that follow it.
    return { failed, awaits: as === 'new' && !auth ? [...new Set([...awaits, ...prevs.missing])] : awaits };
  }
  if (auth) {
    const failed = authorisedByState(batch, incoming.event, auth, 'state-before');
    return failed ? { failed } : {};
  }
  // Of history and of outliers the state before is not asked.
  if (as !== 'new') return {};
  return {
    awaits: prevs.missing,
    failed: {
      check: 'prev-events-present',
      rule: '',
      sentence: 'The state before the event is not known, because prev events of it are missing.',
      inputs: prevs.missing,
    },
  };
};

const softFailureOf = (
  batch: Batch,
  incoming: IncomingEvent,
  before: NodeHash | undefined,
): FailedCheck | undefined | Promise<FailedCheck | undefined> => {
  const isCurrent = !batch.isStale && before === batch.head.stateRoot;
  // What the current state says was asked already.
  return isCurrent ? signedByPolicyServer(batch, incoming, before) : refusalByCurrentState(batch, incoming, before);
};

const refusalByCurrentState = async (
  batch: Batch,
  incoming: IncomingEvent,
  before: NodeHash | undefined,
): Promise<FailedCheck | undefined> => {
  const { event } = incoming;
  // Of a room whose members are not known the current state says too little to hold anything back by it.
  if (isLenient(batch)) return signedByPolicyServer(batch, incoming, await stateWithPolicy(batch));
  // What the state before allowed is allowed by one that says the same.
  const keys = await keysFor(batch, event);
  if (before !== undefined && (await saysTheSame(batch, keys, before))) {
    return signedByPolicyServer(batch, incoming, before);
  }
  const inHand = stateInHand(batch, keys);
  if (inHand === undefined && (await allowedByAnyOutcome(batch, event))) {
    return signedByPolicyServer(batch, incoming, await stateWithPolicy(batch));
  }
  const current = inHand ?? (await currentState(batch));
  const auth = await authStateAt(batch, current, incoming);
  const failed = authorisedByState(batch, event, auth, 'current-state');
  return failed ?? signedByPolicyServer(batch, incoming, current);
};

const stateAfter = async (
  batch: Batch,
  before: NodeHash,
  stateKey: number,
  nid: number,
): Promise<{ root: NodeHash; replaces: number | undefined }> => {
  const { source } = batch.engine.state;
  const there = await getEntry(source, before, stateKey);
  const root = keepState(batch, await setEntries(source, before, [[stateKey, nid]]));
  return { root, replaces: there === nid ? undefined : there };
};
