// Joins to restricted rooms: whether a user (of any server) meets a condition, and which local member vouches for the join.
// Client-Server API, "Restricted rooms"; Server-Server API, "Restricted rooms".

import { isCreator } from '../../protocol/auth-rules/creators.ts';
import { readPowerLevels } from '../../protocol/auth-rules/power-levels.ts';
import { asJsonList, asJsonObject } from '../../protocol/events/json.ts';
import type { RoomEvent } from '../../protocol/events/room-event.ts';
import type { ServerName, UserId } from '../../protocol/ids/branded.ts';
import { serverOf } from '../../protocol/ids/id-parts.ts';
import { isUserId } from '../../protocol/ids/user-id.ts';
import type { RoomVersion } from '../../protocol/room-versions/room-version.ts';
import type { Database } from '../../storage/database.ts';
import { isAnyRoomOurs, isJoinedToAny, someLocalMembers } from '../../storage/stores/room-conditions.ts';
import type { RoomView } from '../state/room-view.ts';
import { allowedRooms } from './join-conditions.ts';

interface Deps {
  readonly db: Database;
  readonly serverName: ServerName;
}

export type Admission =
  /** The local member for join_authorised_via_users_server. */
  | { readonly kind: 'authorised'; readonly by: UserId }
  /** No condition is met. */
  | { readonly kind: 'refused' }
  /** Of the rooms in the conditions this server is in none, so it cannot say. */
  | { readonly kind: 'not-known' }
  /** A condition is met, but no member on this server may let others in. */
  | { readonly kind: 'not-grantable' };

/** Members asked whether they may invite. */
const CANDIDATES_MAX = 50;

/** `user`: nid of who wants to join; undefined: a user that nothing here ever named. */
export const authoriseJoin = async (
  deps: Deps,
  room: RoomView,
  joinRules: RoomEvent | undefined,
  user: number | undefined,
): Promise<Admission> => {
  const conditions = allowedRooms(joinRules?.content.allow);
  const [isMet, isKnown] = await deps.db.read(async (tx) => [
    user !== undefined && (await isJoinedToAny(tx, user, conditions)),
    conditions.length === 0 || (await isAnyRoomOurs(tx, conditions)),
  ]);
  if (!isMet) return { kind: isKnown ? 'refused' : 'not-known' };
  const by = await chooseAuthoriser(deps, room);
  return by ? { kind: 'authorised', by } : { kind: 'not-grantable' };
};

const chooseAuthoriser = async ({ db, serverName }: Deps, room: RoomView): Promise<UserId | undefined> => {
  const [create, powerLevels] = await room.pick([
    ['m.room.create', ''],
    ['m.room.power_levels', ''],
  ]);
  const levels = readPowerLevels(powerLevels?.content, room.version, create);
  const named = [...Object.keys(asJsonObject(powerLevels?.content.users)), ...creators(create, room.version)];
  const local = named.filter((userId) => isUserId(userId) && serverOf(userId) === serverName);
  const others =
    levels.usersDefault >= levels.invite ? await db.read((tx) => someLocalMembers(tx, room.nid, CANDIDATES_MAX)) : [];
  const able = [...new Set([...local, ...others])].filter((userId) => levels.powerOf(userId) >= levels.invite);
  const candidates = able.sort((a, b) => compareLevels(levels.powerOf(b), levels.powerOf(a))).slice(0, CANDIDATES_MAX);
  const members = await room.pick(candidates.map((userId) => ['m.room.member', userId] as const));
  const index = members.findIndex((member) => member?.content.membership === 'join');
  return candidates[index] as UserId | undefined;
};

/** Infinity less Infinity would be no number. */
const compareLevels = (a: number, b: number): number => (a === b ? 0 : a - b);

const creators = (create: RoomEvent | undefined, version: RoomVersion): string[] => {
  const additional = create?.content.additional_creators;
  const candidates = [create?.sender, ...asJsonList(additional)];
  return candidates.filter((user): user is string => typeof user === 'string' && isCreator(user, create, version));
};
