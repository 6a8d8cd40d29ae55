// The auth chains of conflicted events, followed level by level down to what all states have in common.

import { present } from '../../lib/assert.ts';
import type { EventId } from '../../protocol/ids/branded.ts';
import type { RoomRef } from '../room-ref.ts';
import type { Engine } from '../rooms.ts';
import { entryInMemory, getEntries } from '../state-tree/read-entries.ts';
import type { NodeHash } from '../state-tree/state-node.ts';
import type { ChainEvent, RoomChains } from './chain-memory.ts';
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
  for (const key of keys) if (!knowsEntry(walk, key)) absent.push(key);
  if (absent.length === 0) return;
  const read = await getEntries(engine.state.source, base, absent);
  for (const key of absent) entries.set(key, read.get(key));
};

/** Whether an event is in the common state. Its key was read. */
export const isCommon = ({ conflictedKeys, entries }: AuthWalk, nid: number, stateKey: number): boolean =>
  !conflictedKeys.has(stateKey) && entries.get(stateKey) === nid;

/** Events by their nids, put into `found`. */
export const findByNid = async (walk: AuthWalk, nids: Iterable<number>): Promise<void> => {
  const { engine, room, found } = walk;
  const absent: number[] = [];
  for (const nid of nids) if (!found.has(nid) && !remembered(walk, nid)) absent.push(nid);
  if (absent.length === 0) return;
  for (const one of await loadByNid(engine, room, absent)) found.set(one.nid, one);
};

export const foundEvent = ({ found }: AuthWalk, nid: number): ChainEvent =>
  present(found.get(nid), 'an event of a conflict was loaded');

/** Follows the auth events of events that were found. */
export const walkAuthChains = async (walk: AuthWalk, starts: readonly number[]): Promise<void> => {
  const { engine, room, found, expanded } = walk;
  for (const nid of starts) expanded.add(nid);
  let pending = [...starts];
  while (pending.length > 0) {
    const { left, absent, keys } = followInMemory(walk, pending);
    if (absent.size > 0) for (const one of await loadById(engine, room, absent)) found.set(one.nid, one);
    await readEntries(walk, keys);
    pending = left;
  }
};

interface Followed {
  /** Those of whose auth events some are not in memory. */
  readonly left: number[];
  readonly absent: Set<EventId>;
  /** Keys under which it is to be known what the base has. */
  readonly keys: Set<number>;
}

const followInMemory = (walk: AuthWalk, pending: number[]): Followed => {
  const { found, expanded, reached } = walk;
  const isWhole = walk.room.version.stateResolution === 'v2.1';
  const followed: Followed = { left: [], absent: new Set(), keys: new Set() };
  for (let nid = pending.pop(); nid !== undefined; nid = pending.pop()) {
    const one = foundEvent(walk, nid);
    const isReached = reached.has(nid);
    let isLeft = false;
    for (let at = 0; at < one.auths.length; at++) {
      const auth = one.auths[at]!;
      if (isReached) reached.add(auth);
      if (expanded.has(auth)) continue;
      const cited = found.get(auth) ?? remembered(walk, auth);
      if (!cited) followed.absent.add(one.event.authEvents[at]!);
      else if (!knowsEntriesOf(walk, cited)) noteKeys(walk, cited, followed.keys);
      else {
        if (isKnownToBeReached(walk, cited)) reached.add(auth);
        // "every m.room.power_levels in their auth chains": the mainline goes on below what is common.
        if (!isWhole && reached.has(auth) && cited.event.type !== 'm.room.power_levels') continue;
        expanded.add(auth);
        pending.push(auth);
        continue;
      }
      isLeft = true;
    }
    if (isLeft) followed.left.push(nid);
  }
  return followed;
};

const remembered = ({ engine, found }: AuthWalk, nid: number): ChainEvent | undefined => {
  const one = engine.chains.get(nid);
  if (one) found.set(nid, one);
  return one;
};

const knowsEntry = ({ engine, base, entries }: AuthWalk, key: number): boolean => {
  if (entries.has(key)) return true;
  const entry = entryInMemory(engine.state.nodes, base, key);
  if (entry !== 'absent') entries.set(key, entry);
  return entry !== 'absent';
};

/** Whether it shows by what was read already if the event is reached. */
const knowsEntriesOf = (walk: AuthWalk, { nid, stateKey }: ChainEvent): boolean => {
  if (walk.reached.has(nid)) return true;
  const by = walk.chains.reachedBy.get(nid);
  return knowsEntry(walk, stateKey) && (by === undefined || knowsEntry(walk, by.stateKey));
};

const noteKeys = ({ chains }: AuthWalk, { nid, stateKey }: ChainEvent, keys: Set<number>): void => {
  keys.add(stateKey);
  const by = chains.reachedBy.get(nid);
  if (by) keys.add(by.stateKey);
};

const isKnownToBeReached = (walk: AuthWalk, { nid, stateKey }: ChainEvent): boolean => {
  if (walk.reached.has(nid)) return true;
  if (isCommon(walk, nid, stateKey)) return true;
  const by = walk.chains.reachedBy.get(nid);
  return by !== undefined && isCommon(walk, by.event, by.stateKey);
};
