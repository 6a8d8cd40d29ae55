// Which entries of a state are members: a state's keys are numbers, and what a number stands for never changes.

import { LruCache } from '../../lib/lru-cache.ts';
import type { RoomState } from '../../rooms/state/room-state.ts';
import { allEntries } from '../../rooms/state-tree/read-entries.ts';
import type { NodeHash } from '../../rooms/state-tree/state-node.ts';
import type { ReadTx } from '../../storage/database.ts';
import { memberKeysAmong } from '../../storage/stores/sync-rooms.ts';

/** Keys remembered, about 50 bytes each. */
const KEYS_MAX = 200_000;
/** States whose entries without members are remembered. */
const ROOTS_MAX = 5000;

export interface MemberKeys {
  /** Those of the state-key nids that are m.room.member. */
  among(tx: ReadTx, keys: readonly number[]): Promise<ReadonlySet<number>>;
  /** The whole state but its members: state-key nid → event nid. */
  withoutMembers(tx: ReadTx, root: NodeHash): Promise<ReadonlyMap<number, number>>;
}

export const createMemberKeys = ({ state }: { state: RoomState }): MemberKeys => {
  const kinds = new LruCache<number, boolean>(KEYS_MAX);
  const ofRoots = new LruCache<NodeHash, ReadonlyMap<number, number>>(ROOTS_MAX);

  const among: MemberKeys['among'] = async (tx, keys) => {
    const members = new Set<number>();
    const absent: number[] = [];
    for (const key of keys) {
      const kind = kinds.get(key);
      if (kind === undefined) absent.push(key);
      else if (kind) members.add(key);
    }
    if (absent.length === 0) return members;
    const found = await memberKeysAmong(tx, absent);
    for (const key of absent) {
      kinds.set(key, found.has(key));
      if (found.has(key)) members.add(key);
    }
    return members;
  };

  return {
    among,
    async withoutMembers(tx, root) {
      const known = ofRoots.get(root);
      if (known) return known;
      const entries = await allEntries(state.sourceIn(tx), root);
      const members = await among(tx, [...entries.keys()]);
      for (const key of members) entries.delete(key);
      ofRoots.set(root, entries);
      return entries;
    },
  };
};
