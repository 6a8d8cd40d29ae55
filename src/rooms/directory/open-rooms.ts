// Which rooms anybody may join or read: who is in them may be found by anybody. Client-Server API, "User Directory".

import { LruCache } from '../../lib/lru-cache.ts';
import { roomVersion } from '../../protocol/room-versions/room-versions.ts';
import { roomByNid } from '../../storage/stores/rooms.ts';
import { bytesToHash } from '../state/room-state.ts';
import type { DirectoryDeps } from './aliases.ts';

const ROOMS_MAX = 20_000;

export const createOpenRooms = ({ db, rooms }: Pick<DirectoryDeps, 'db' | 'rooms'>) => {
  const known = new LruCache<number, { readonly root: string; readonly isOpen: boolean }>(ROOMS_MAX);

  const isOpen = async (nid: number): Promise<boolean> => {
    const stored = await db.read((tx) => roomByNid(tx, nid));
    const version = stored && roomVersion(stored.version);
    if (!stored || !version) return false;
    const root = bytesToHash(stored.stateRoot);
    const remembered = known.get(nid);
    if (remembered?.root === root) return remembered.isOpen;
    const [joinRules, visibility] = await rooms.state.pick({ nid, roomId: stored.roomId, version }, root, [
      ['m.room.join_rules', ''],
      ['m.room.history_visibility', ''],
    ]);
    const answer =
      joinRules?.content.join_rule === 'public' || visibility?.content.history_visibility === 'world_readable';
    known.set(nid, { root, isOpen: answer });
    return answer;
  };

  return {
    /** Those of `rooms` (nids) that anybody may join or read: join rule public or history world_readable. */
    async openRooms(nids: readonly number[]): Promise<ReadonlySet<number>> {
      const answers = await Promise.all(nids.map(isOpen));
      return new Set(nids.filter((_, index) => answers[index]));
    },
  };
};
