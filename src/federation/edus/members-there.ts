// Of whom another server may say that they type, read or are present: users who are joined to a room, and where not all members of
// a room are known yet, users of a server that is told to be in it. MSC3902, "Faster remote room joins".

import { MatrixError } from '../../protocol/errors/matrix-error.ts';
import type { RoomId, ServerName, UserId } from '../../protocol/ids/branded.ts';
import { mayTakePart } from '../../protocol/server-acl/server-acl.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { Database } from '../../storage/database.ts';
import { membershipsAmong } from '../../storage/stores/memberships.ts';
import { findUsers, internNames } from '../../storage/stores/names.ts';
import { isToldInPart } from '../../storage/stores/partial-joins.ts';

export interface MembersThereDeps {
  readonly db: Database;
  readonly rooms: Pick<Rooms, 'view'>;
}

/** Users of whom nothing is known yet that are believed at once. */
const UNKNOWN_MAX = 100;

/** The room's nid and those of the users; undefined: there are none, or the origin is banned from the room. */
export const membersThere = async (
  { db, rooms }: MembersThereDeps,
  origin: ServerName,
  roomId: RoomId,
  userIds: readonly UserId[],
): Promise<{ room: number; users: ReadonlyMap<UserId, number> } | undefined> => {
  const view = await rooms.view(roomId).catch((error: unknown) => {
    if (error instanceof MatrixError && error.status === 404) return undefined;
    throw error;
  });
  if (!view || !mayTakePart((await view.get('m.room.server_acl'))?.content, origin)) return undefined;
  const { nid } = view;
  const { users, unknown } = await db.read(async (tx) => {
    const known = await membershipsAmong(tx, nid, userIds);
    const joined = [...known].filter(([, { membership }]) => membership === 'join');
    const others = userIds.filter((userId) => !known.has(userId));
    const isBelieved = others.length > 0 && (await isToldInPart(tx, origin, nid));
    return { users: new Map(joined.map(([userId, { user }]) => [userId, user])), unknown: isBelieved ? others : [] };
  });
  for (const [userId, user] of await usersBelieved(db, unknown)) users.set(userId, user);
  return users.size === 0 ? undefined : { room: nid, users };
};

/** Those of the users who may be members of rooms that are not whole yet. */
export const maybeMembers = async (
  { db }: Pick<MembersThereDeps, 'db'>,
  origin: ServerName,
  userIds: readonly UserId[],
): Promise<Map<UserId, number>> => {
  if (userIds.length === 0 || !(await db.read((tx) => isToldInPart(tx, origin)))) return new Map();
  return usersBelieved(db, userIds);
};

const usersBelieved = async (db: Database, userIds: readonly UserId[]): Promise<Map<UserId, number>> => {
  const believed = userIds.slice(0, UNKNOWN_MAX);
  const found = await db.read((tx) => findUsers(tx, believed));
  const fresh = believed.filter((userId) => !found.has(userId));
  if (fresh.length === 0) return found;
  const { users } = await db.write(internNames, { users: fresh, types: [], stateKeys: [] });
  for (const [index, userId] of fresh.entries()) found.set(userId, users[index]!);
  return found;
};
