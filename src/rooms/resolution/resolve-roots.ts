// One state from the states of several branches: what differs between the trees is resolved, all else is shared.

import { hash } from 'node:crypto';
import { assert } from '../../lib/assert.ts';
import type { EventId } from '../../protocol/ids/branded.ts';
import { resolveState } from '../../protocol/state-resolution/resolve-state.ts';
import { splitStateKey } from '../../protocol/state-resolution/state-key.ts';
import type { RoomRef } from '../room-ref.ts';
import type { Engine } from '../rooms.ts';
import { type ChangedState, type EntryChange, setEntries } from '../state-tree/set-entries.ts';
import type { NodeHash } from '../state-tree/state-node.ts';
import { type Conflict, loadConflict } from './load-conflict.ts';

/** Rooms' latest resolutions in memory: two hashes each. */
export const RESOLUTIONS_MAX = 20_000;

export interface ResolvedState extends ChangedState {
  /** Under which it is to be remembered once its nodes are sure to be stored; undefined: nothing was resolved. */
  readonly memoryKey: string | undefined;
  /** The full conflicted set, by the nids of the keys; undefined: nothing was resolved. */
  readonly contenders: Map<number, Set<number>> | undefined;
  readonly cited: Conflict['cited'];
}

/** The new nodes are not held: the caller holds and stores them. Throws DamagedStateError. */
export const resolveRoots = async (
  engine: Engine,
  room: RoomRef,
  roots: readonly NodeHash[],
): Promise<ResolvedState> => {
  const distinct = [...new Set(roots)].sort();
  const [base] = distinct;
  assert(base !== undefined, 'there is a state to resolve');
  if (distinct.length === 1) return { root: base, ...NOTHING_RESOLVED };
  // Of many states as short as of two.
  const memoryKey = hash('sha256', distinct.join());
  const remembered = engine.resolutions.get(memoryKey);
  if (remembered !== undefined) return { root: remembered, ...NOTHING_RESOLVED };
  const conflict = await loadConflict(engine, room, distinct);
  const { state, conflicts, missing } = resolveState(conflict.input);
  assert(missing.size === 0, `all events of a resolution are loaded, but for ${[...missing].join()}`);
  const changes: EntryChange[] = [];
  for (const [key, keyNid] of conflict.keyNids) {
    const eventId = state.get(key);
    const nid = eventId === undefined ? undefined : conflict.loaded(eventId).nid;
    if (nid !== conflict.base.get(keyNid)) changes.push([keyNid, nid]);
  }
  // Keys that only the auth chains have.
  const others = [...state].filter(([key]) => !conflict.keyNids.has(key));
  const pairs = others.map(([key]) => splitStateKey(key)).map(({ type, stateKey }) => [type, stateKey] as const);
  const nids = await engine.names.findStateKeys(pairs);
  for (const [index, [, eventId]] of others.entries()) {
    const keyNid = nids[index];
    assert(keyNid !== undefined, 'the state key of a stored event is known');
    changes.push([keyNid, conflict.loaded(eventId).nid]);
  }
  const contenders = contendersOf(conflict, conflicts);
  return { ...(await setEntries(engine.state.source, base, changes)), memoryKey, contenders, cited: conflict.cited };
};

const NOTHING_RESOLVED = { newNodes: [], memoryKey: undefined, contenders: undefined, cited: undefined };

const contendersOf = (conflict: Conflict, conflicts: Iterable<EventId>): Map<number, Set<number>> => {
  const byKey = new Map<number, Set<number>>();
  for (const eventId of conflicts) {
    const { nid, stateKey } = conflict.loaded(eventId);
    const others = byKey.get(stateKey);
    if (others) others.add(nid);
    else byKey.set(stateKey, new Set([nid]));
  }
  return byKey;
};
