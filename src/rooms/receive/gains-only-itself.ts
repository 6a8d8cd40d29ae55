// Whether a state event on one branch changes what is in conflict by no more than itself and the event that it replaces, so that
// what was learnt of the conflict before goes on to hold. Room versions 2 to 12, "State resolution".
//
// Resolution is given the values on which the states differ and the difference of their full auth chains. Nothing refers to the
// event yet. As long as what it and the event that it replaces refer to is in the full auth chain of its branch without them, the
// difference gains or loses these two alone. Where besides no rule looks at the event's type, it is no power event and decides about
// no other event: nothing of the resolved state changes but what stands under its key.
//
// Since v12 the conflicted state subgraph also has what lies between these two and others in conflict. That is there already where
// what they refer to is itself referred to by events in conflict. It may be less than before: nothing is said of the resolved state.

import type { RoomEvent } from '../../protocol/events/room-event.ts';
import type { RoomRef } from '../room-ref.ts';
import { getEntries } from '../state-tree/read-entries.ts';
import type { NodeHash } from '../state-tree/state-node.ts';
import type { Batch } from './batch.ts';
import { authEventsOf } from './checks/auth-events.ts';
import type { KnownEvent } from './known-events.ts';
import { endsOf } from './room-ends.ts';

const POWER_LEVELS = 'm.room.power_levels';

/** What authorisation rules look at in a state. */
const RULING: ReadonlySet<string> = new Set([
  'm.room.create',
  'm.room.member',
  POWER_LEVELS,
  'm.room.join_rules',
  'm.room.third_party_invite',
]);

/** Whether the event may decide about others, by itself or by what comes to be in conflict with it. */
export const isRuling = ({ room }: Batch, { type }: RoomEvent): boolean => isWhole(room) || RULING.has(type);

const isWhole = ({ version }: RoomRef): boolean => version.stateResolution === 'v2.1';

/** Power levels that are followed back. */
const EARLIER_MAX = 20;

/** Where a state event stands. */
interface Standing {
  /** The state before it. */
  readonly before: NodeHash;
  /** nid of its (type, state key). */
  readonly stateKey: number;
  /** nid of the event that stood there. */
  readonly replaces: number | undefined;
}

/** nids of what the two events refer to, if it is so; undefined: it cannot be told. */
export const gainsOnlyItself = async (
  batch: Batch,
  event: RoomEvent,
  standing: Standing,
): Promise<readonly number[] | undefined> => {
  const { engine, room } = batch;
  const { before, replaces } = standing;
  const [replaced] = replaces === undefined ? [] : await engine.state.eventsOf(room, [replaces]);
  const named = new Set([...event.authEvents, ...(replaced?.authEvents ?? [])]);
  const known = await engine.known.of(named);
  if (known.size < named.size) return undefined;
  if (isWhole(room) && !isBetween(batch, known.values(), standing)) return undefined;
  // What it refers to itself is in its chain, with all that comes before.
  const isReferredTo = replaced !== undefined && event.authEvents.includes(replaced.eventId);
  const own = isReferredTo ? event.authEvents.map((id) => known.get(id)!) : known.values();
  const others = await notIn(batch, before, own);
  const isSo = others.length === 0 || (await areEarlierPowerLevels(batch, others, event));
  return isSo ? Array.from(known.values(), ({ nid }) => nid) : undefined;
};

/** Whether there are no other ways than before from the two events to what is in conflict, and none from there to them. */
const isBetween = (batch: Batch, references: Iterable<KnownEvent>, { stateKey, replaces }: Standing): boolean => {
  const { contenders, cited } = endsOf(batch).workedOut ?? {};
  if (!contenders || !cited) return false;
  const isContender = (key: number | null, nid: number): boolean => contenders.get(key ?? -1)?.has(nid) === true;
  if (replaces !== undefined && cited.has(replaces) && !isContender(stateKey, replaces)) return false;
  for (const { nid, stateKey: key } of references) {
    if (nid !== replaces && !cited.has(nid) && !isContender(key, nid)) return false;
  }
  return true;
};

const notIn = async (
  { engine }: Batch,
  root: NodeHash,
  events: Iterable<KnownEvent>,
): Promise<readonly KnownEvent[]> => {
  const list = [...events];
  const keys = list.flatMap(({ stateKey }) => stateKey ?? []);
  const entries = await getEntries(engine.state.source, root, keys);
  return list.filter(({ nid, stateKey }) => stateKey === null || entries.get(stateKey) !== nid);
};

/** Power levels refer to those before them: all that the current ones come from are in the chain. */
const areEarlierPowerLevels = async (
  batch: Batch,
  events: readonly KnownEvent[],
  from: RoomEvent,
): Promise<boolean> => {
  const left = new Set(events.map(({ eventId }) => eventId));
  // The event's own references have to be in the state itself.
  if (from.authEvents.some((id) => left.has(id))) return false;
  let citer = from;
  for (let steps = 0; left.size > 0 && steps < EARLIER_MAX; steps++) {
    const { entries } = await authEventsOf(batch, citer);
    const levels = entries.find(({ event }) => event.type === POWER_LEVELS)?.event;
    if (!levels) return false;
    for (const id of levels.authEvents) left.delete(id);
    citer = levels;
  }
  return left.size === 0;
};
