// Whom of this server an event speaks of: the mentioned and the state key, but not its sender.

import { distinct } from '../lib/distinct.ts';
import { LruCache } from '../lib/lru-cache.ts';
import { asJsonList } from '../protocol/events/json.ts';
import { propertyAt } from '../protocol/events/property-path.ts';
import type { RoomEvent } from '../protocol/events/room-event.ts';
import type { ServerName, UserId } from '../protocol/ids/branded.ts';
import { serverOf } from '../protocol/ids/id-parts.ts';
import { isUserId } from '../protocol/ids/user-id.ts';
import type { Database } from '../storage/database.ts';
import { findUsers } from '../storage/stores/names.ts';
import { isLocalMember, type RoomMembers } from './room-members.ts';

const USERS_MAX = 50_000;

const nobodyNamed: ReadonlyMap<number, UserId> = new Map();

const userIdsIn = ({ content, stateKey, sender }: RoomEvent): readonly UserId[] => {
  const mentioned = propertyAt(content, ['m.mentions', 'user_ids']);
  const isNamed = (id: unknown): id is UserId => typeof id === 'string' && id !== sender && isUserId(id);
  const ids = asJsonList(mentioned).filter(isNamed);
  return distinct(isNamed(stateKey) ? [...ids, stateKey] : ids);
};

export const createNamedUsers = ({ db, serverName }: { db: Database; serverName: ServerName }) => {
  const nids = new LruCache<UserId, number>(USERS_MAX);

  const nidsOf = async (userIds: readonly UserId[]): Promise<(number | undefined)[]> => {
    const found = userIds.map((userId) => nids.get(userId));
    const absent = userIds.filter((_, index) => found[index] === undefined);
    if (absent.length === 0) return found;
    const loaded = await db.read((tx) => findUsers(tx, absent));
    for (const [userId, user] of loaded) nids.set(userId, user);
    return userIds.map((userId, index) => found[index] ?? loaded.get(userId));
  };

  const among = async (
    event: RoomEvent,
    members: RoomMembers,
    userIds: readonly UserId[],
  ): Promise<ReadonlyMap<number, UserId>> => {
    const named = new Map<number, UserId>();
    const users = await nidsOf(userIds);
    for (const [index, user] of users.entries()) {
      const userId = userIds[index]!;
      // Mentions notify members only; a member event also its target, who may be outside (an invite).
      const isTarget = event.type === 'm.room.member' && event.stateKey === userId;
      if (user !== undefined && (isTarget || isLocalMember(members, user))) named.set(user, userId);
    }
    return named;
  };

  /** Those whom the event concerns: nid → user id. */
  return (
    event: RoomEvent,
    members: RoomMembers,
  ): ReadonlyMap<number, UserId> | Promise<ReadonlyMap<number, UserId>> => {
    const userIds = userIdsIn(event).filter((userId) => serverOf(userId) === serverName);
    return userIds.length === 0 ? nobodyNamed : among(event, members, userIds);
  };
};
