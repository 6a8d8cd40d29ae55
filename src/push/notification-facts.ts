// Gathers what a notification says of an event: the room as it is now, and the outcome of the recipient's own rules.

import type { Json } from '../protocol/events/json.ts';
import { evaluate } from '../protocol/push-rules/compile-rules.ts';
import { pushSubject } from '../protocol/push-rules/push-subject.ts';
import type { Rooms } from '../rooms/rooms.ts';
import { toRoomEvent } from '../rooms/state/room-state.ts';
import type { Database } from '../storage/database.ts';
import type { StoredEvent } from '../storage/stores/events.ts';
import { userIdsOf } from '../storage/stores/names.ts';
import { openInviteOf } from '../storage/stores/out-of-band.ts';
import { roomIdsOf } from '../storage/stores/rooms.ts';
import type { Badges } from './badges.ts';
import { inviteFacts } from './invite-facts.ts';
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
  deps: FactsDeps,
  stored: StoredEvent,
  user: number,
): Promise<NotificationFacts | undefined> => {
  const { db, rooms, judging, badges } = deps;
  const { userId, roomId, invite } = await db.read(async (tx) => ({
    userId: (await userIdsOf(tx, [user]))[0],
    roomId: (await roomIdsOf(tx, [stored.room])).get(stored.room),
    invite: stored.position === null ? await openInviteOf(tx, user, stored.room) : undefined,
  }));
  if (userId === undefined || roomId === undefined) return undefined;
  if (invite) return inviteFacts(deps, { ...invite, roomId, userId, user }, stored);
  if (!(await rooms.find(roomId))) return undefined;
  const view = await rooms.view(roomId);
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
