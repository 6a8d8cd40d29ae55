// The auth chains of conflicted events, followed level by level down to what all states have in common.

import { present } from '../../lib/assert.ts';
import type { RoomEvent } from '../../protocol/events/room-event.ts';
import type { EventId } from '../../protocol/ids/branded.ts';
import type { RoomRef } from '../room-ref.ts';
import type { Engine } from '../rooms.ts';
import { entryInMemory, getEntries } from '../state-tree/read-entries.ts';
import type { NodeHash } from '../state-tree/state-node.ts';
import type { ChainEvent, Citer, RoomChains } from './chain-memory.ts';
import { loadById, loadByNid } from './load-chain-events.ts';

export interface AuthWalk {
  readonly engine: Engine;
  readonly room: RoomRef;
  /** A state that has the common state in it. */
  readonly base: NodeHash;
  /** Nids of the keys on which the states differ. */
  readonly conflictedKeys: ReadonlySet<number>;
  readonly chains: RoomChains;
  /** All that was looked at, by nid. */
  readonly found: Map<number, ChainEvent>;
  /** Those whose auth events were looked at as well. */
  readonly expanded: Set<number>;
  /** Events that are in the common state, or seen to be in the auth chain of one that is. */
  readonly reached: Set<number>;
  /** Entries of `base` as far as they were asked for. */
  readonly entries: Map<number, number | undefined>;
}

export const startWalk = (
  engine: Engine,
  room: RoomRef,
  base: NodeHash,
  conflictedKeys: ReadonlySet<number>,
): AuthWalk => ({
  engine,
  room,
  base,
  conflictedKeys,
  chains: engine.chains.ofRoom(room.nid),
  found: new Map(),
  expanded: new Set(),
  reached: new Set(),
  entries: new Map(),
});

/** Reads what `base` has under these keys, if it is not in memory. */
export const readEntries = async (walk: AuthWalk, keys: Iterable<number>): Promise<void> => {
  const { engine, base, entries } = walk;
  const absent: number[] = [];
  for (const key of keys) {
    if (entries.has(key)) continue;
    const entry = entryInMemory(engine.state.nodes, base, key);
    if (entry === 'absent') absent.push(key);
    else entries.set(key, entry);
  }
  if (absent.length === 0) return;
  const read = await getEntries(engine.state.source, base, absent);
  for (const key of absent) entries.set(key, read.get(key));
};

/** Whether an event is in the common state. Its key was read. */
export const isCommon = ({ conflictedKeys, entries }: AuthWalk, { event, stateKey }: Citer): boolean =>
  !conflictedKeys.has(stateKey) && entries.get(stateKey) === event;

/** Events by their nids, put into `found`. */
export const findByNid = async ({ engine, room, found }: AuthWalk, nids: Iterable<number>): Promise<void> => {
  const absent = takeRemembered(engine, found, nids);
  if (absent.length === 0) return;
  for (const one of await loadByNid(engine, room, absent)) found.set(one.nid, one);
};

const takeRemembered = (engine: Engine, found: Map<number, ChainEvent>, nids: Iterable<number>): number[] => {
  const absent: number[] = [];
  for (const nid of nids) {
    if (found.has(nid)) continue;
    const remembered = engine.chains.get(nid);
    if (remembered) found.set(nid, remembered);
    else absent.push(nid);
  }
  return absent;
};

export const foundEvent = ({ found }: Pick<AuthWalk, 'found'>, nid: number): ChainEvent =>
  present(found.get(nid), `event ${nid} was loaded`);

/** Follows the auth events of events that were found. */
export const walkAuthChains = async (walk: AuthWalk, starts: readonly number[]): Promise<void> => {
  const { engine, room, found, expanded, reached } = walk;
  const isWhole = room.version.stateResolution === 'v2.1';
  let level = starts;
  for (const nid of level) expanded.add(nid);
  while (level.length > 0) {
    const cited = citedBy(walk, level);
    const absent = takeRemembered(engine, found, cited.keys());
    if (absent.length > 0) {
      const ids = absent.map((nid) => cited.get(nid)!);
      for (const one of await loadById(engine, room, ids)) found.set(one.nid, one);
    }
    await readEntries(walk, keysOf(walk, cited.keys()));
    const next: number[] = [];
    for (const nid of cited.keys()) {
      const { event } = foundEvent(walk, nid);
      if (isKnownToBeReached(walk, nid)) reached.add(nid);
      // "every m.room.power_levels in their auth chains": the mainline goes on below what is common.
      if (!isWhole && reached.has(nid) && !isPowerLevels(event)) continue;
      expanded.add(nid);
      next.push(nid);
    }
    level = next;
  }
};

const isPowerLevels = ({ type }: RoomEvent): boolean => type === 'm.room.power_levels';

/** The auth events of a level that were not followed yet, with their ids. */
const citedBy = ({ found, expanded, reached }: AuthWalk, level: readonly number[]): Map<number, EventId> => {
  const cited = new Map<number, EventId>();
  for (const nid of level) {
    const { auths, event } = foundEvent({ found }, nid);
    const isReached = reached.has(nid);
    for (const [at, auth] of auths.entries()) {
      if (isReached) reached.add(auth);
      if (!expanded.has(auth)) cited.set(auth, event.authEvents[at]!);
    }
  }
  return cited;
};

/** The keys by which it shows whether events are reached. */
function* keysOf(walk: AuthWalk, nids: Iterable<number>): Generator<number> {
  for (const nid of nids) {
    yield foundEvent(walk, nid).stateKey;
    const by = walk.chains.reachedBy.get(nid);
    if (by) yield by.stateKey;
  }
}

const isKnownToBeReached = (walk: AuthWalk, nid: number): boolean => {
  if (walk.reached.has(nid)) return true;
  if (isCommon(walk, { event: nid, stateKey: foundEvent(walk, nid).stateKey })) return true;
  const by = walk.chains.reachedBy.get(nid);
  return by !== undefined && isCommon(walk, by);
};
