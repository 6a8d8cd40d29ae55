// Who of this server is joined to a room, remembered per state of the room: any change of state makes it be read anew.

import { LruCache } from '../lib/lru-cache.ts';
import type { Database } from '../storage/database.ts';
import { countMembers, localMembers } from '../storage/stores/memberships.ts';
import { currentRootOf } from '../storage/stores/rooms.ts';

export interface RoomMembers {
  /** nids of this server's joined users, ascending. */
  readonly local: Int32Array;
  /** Joined members of all servers. */
  readonly joined: number;
  /** Of `local`, those with push rules of their own, as of `customVersion`; kept here by the judge. */
  custom: readonly number[];
  customVersion: number;
  /** Their names in the room, for rules that ask for them; null: no name. Filled by the judge. */
  readonly names: Map<number, string | null>;
}

const ROOMS_MAX = 10_000;

const toHex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');

export const noMembers = (): RoomMembers => ({
  local: new Int32Array(0),
  joined: 0,
  custom: [],
  customVersion: 0,
  names: new Map(),
});

export const isLocalMember = ({ local }: RoomMembers, user: number): boolean => {
  let low = 0;
  let high = local.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (local[middle]! < user) low = middle + 1;
    else high = middle;
  }
  return local[low] === user;
};

/** Asks with the hash of the room's state. While that state is not on disk yet, the answer is the last one that is. */
export type RoomMembersOf = (room: number, stateRoot: string) => RoomMembers | Promise<RoomMembers>;

export const createRoomMembers = (deps: { db: Database }): RoomMembersOf => {
  const known = new LruCache<number, { readonly stateRoot: string; readonly members: RoomMembers }>(ROOMS_MAX);

  const load = async (room: number): Promise<RoomMembers> => {
    const loaded = await deps.db.read(async (tx) => {
      const root = await currentRootOf(tx, room);
      if (!root) return undefined;
      const stateRoot = toHex(root);
      const before = known.get(room);
      // While events of a room are judged that are not on disk yet the answer is often the same.
      if (before?.stateRoot === stateRoot) return before;
      const local = Int32Array.from(await localMembers(tx, room)).sort();
      const joined = await countMembers(tx, room, 'join');
      return { stateRoot, members: { ...noMembers(), local, joined } };
    });
    if (!loaded) return noMembers();
    // Under the state that was read, which may be older than the one asked for: then the next question reads again.
    known.set(room, loaded);
    return loaded.members;
  };

  return (room, stateRoot) => {
    // A room that is being created has no number yet.
    if (room === 0) return noMembers();
    const entry = known.get(room);
    return entry?.stateRoot === stateRoot ? entry.members : load(room);
  };
};
