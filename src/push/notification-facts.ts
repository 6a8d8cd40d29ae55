// Gathers what a notification says of an event: the room as it is now, and the outcome of the recipient's own rules.

import type { Json } from '../protocol/events/json.ts';
import type { UserId } from '../protocol/ids/branded.ts';
import { evaluate } from '../protocol/push-rules/compile-rules.ts';
import { pushSubject } from '../protocol/push-rules/push-subject.ts';
import type { Rooms } from '../rooms/rooms.ts';
import { toRoomEvent } from '../rooms/state/room-state.ts';
import type { Database } from '../storage/database.ts';
import type { StoredEvent } from '../storage/stores/events.ts';
import { userIdsOf } from '../storage/stores/names.ts';
import { roomIdsOf } from '../storage/stores/rooms.ts';
import type { Badges } from './badges.ts';
import type { Judging } from './judging.ts';
import type { NotificationFacts } from './notification-body.ts';
import { roomPushContext } from './push-context.ts';

export interface FactsDeps {
  readonly db: Database;
  readonly rooms: Rooms;
  readonly judging: Judging;
  readonly badges: Badges;
}

const text = (value: Json | undefined): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** undefined: the user or the room is gone, or the user's rules say by now that they want none. */
export const notificationFacts = async (
  { db, rooms, judging, badges }: FactsDeps,
  stored: StoredEvent,
  user: number,
): Promise<NotificationFacts | undefined> => {
  const [userId, roomId] = await db.read(async (tx): Promise<[UserId | undefined, string | undefined]> => {
    const [id] = await userIdsOf(tx, [user]);
    return [id, (await roomIdsOf(tx, [stored.room])).get(stored.room)];
  });
  if (userId === undefined || roomId === undefined) return undefined;
  const view = await rooms.view(roomId as Parameters<Rooms['view']>[0]);
  const event = toRoomEvent(stored, view);
  const [create, powerLevels, name, alias, sender, own] = await view.pick([
    ['m.room.create', ''],
    ['m.room.power_levels', ''],
    ['m.room.name', ''],
    ['m.room.canonical_alias', ''],
    ['m.room.member', stored.sender],
    ['m.room.member', userId],
  ]);
  const members = await judging.membersOf(view.nid, view.stateRoot);
  const [ruleClass = judging.ruleClasses.defaults] = await judging.ruleClasses.classesOf([user]);
  const outcome = evaluate(ruleClass.compiled, pushSubject(event), {
    ...roomPushContext({ version: view.version, powerLevels, create }, stored.sender, members.joined),
    userId,
    displayName: text(own?.content.displayname),
  });
  if (!outcome.notify) return undefined;
  return {
    event,
    outcome,
    unread: await badges.count(user),
    senderDisplayName: text(sender?.content.displayname),
    roomName: text(name?.content.name),
    roomAlias: text(alias?.content.alias),
    isTarget: stored.type === 'm.room.member' && stored.stateKey === userId,
  };
};
