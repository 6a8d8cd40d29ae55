// The rooms that two users are both in. Client-Server API, "Mutual Rooms".

import { invalidParam } from '../../protocol/errors/matrix-error.ts';
import type { RoomId, UserId } from '../../protocol/ids/branded.ts';
import { countMutualRooms, mutualRoomsOf } from '../../storage/stores/memberships.ts';
import { findUser } from '../../storage/stores/names.ts';
import type { Look } from './room-reader.ts';

const ROOMS_MAX = 500;

export interface MutualRooms {
  readonly joined: readonly RoomId[];
  readonly count: number;
  readonly next_batch?: string;
}

/** `from`: a token of an earlier answer. Throws M_INVALID_PARAM. */
export const mutualRooms = async (look: Look, other: UserId, from: string | undefined): Promise<MutualRooms> => {
  const { tx, viewer } = look;
  if (other === viewer.userId) throw invalidParam('user_id must be of another user.');
  if (from !== undefined && !/^m\d{1,15}$/.test(from)) throw invalidParam('from is no token of this server.');
  const user = await findUser(tx, other);
  if (user === undefined) return { joined: [], count: 0 };
  const after = from === undefined ? 0 : Number(from.slice(1));
  const rooms = await mutualRoomsOf(tx, viewer.user, user, after, ROOMS_MAX + 1);
  const page = rooms.slice(0, ROOMS_MAX);
  return {
    joined: page.map(({ roomId }) => roomId),
    count: await countMutualRooms(tx, viewer.user, user),
    ...(rooms.length > ROOMS_MAX && { next_batch: `m${page.at(-1)!.room}` }),
  };
};
