// What a notification says of an invite to a room that this server is not in: by what the inviting server told of the room.
// Client-Server API, "Stripped state".

import { asJsonList, isJsonObject, type Json, type JsonObject } from '../protocol/events/json.ts';
import type { RoomId, UserId } from '../protocol/ids/branded.ts';
import { evaluate } from '../protocol/push-rules/compile-rules.ts';
import { pushSubject } from '../protocol/push-rules/push-subject.ts';
import { roomVersion } from '../protocol/room-versions/room-versions.ts';
import { toRoomEvent } from '../rooms/state/room-state.ts';
import type { StoredEvent } from '../storage/stores/events.ts';
import { roomByNid } from '../storage/stores/rooms.ts';
import type { NotificationFacts } from './notification-body.ts';
import type { FactsDeps } from './notification-facts.ts';
import { roomPushContext } from './push-context.ts';

export interface OpenInvite {
  /** The nid of the invite that stands now. */
  readonly event: number;
  /** A JSON list of stripped state events. */
  readonly events: string;
  readonly roomId: RoomId;
  readonly user: number;
  readonly userId: UserId;
}

/** undefined: the event is not the invite that stands now, or the user's rules say by now that they want none. */
export const inviteFacts = async (
  { db, judging, badges }: Omit<FactsDeps, 'rooms'>,
  { event: nid, events, roomId, user, userId }: OpenInvite,
  stored: StoredEvent,
): Promise<NotificationFacts | undefined> => {
  const room = await db.read((tx) => roomByNid(tx, stored.room));
  const version = room && roomVersion(room.version);
  if (stored.nid !== nid || !version) return undefined;
  const event = toRoomEvent(stored, { roomId, version });
  const [ruleClass = judging.ruleClasses.defaults] = await judging.ruleClasses.classesOf([user]);
  const outcome = evaluate(ruleClass.compiled, pushSubject(event), {
    ...roomPushContext({ version, powerLevels: undefined, create: undefined }, stored.sender, 0),
    userId,
    displayName: undefined,
  });
  if (!outcome.notify) return undefined;
  const told = asJsonList(JSON.parse(events) as Json).filter(isJsonObject);
  const textIn = (type: string, stateKey: string, key: string): string | undefined => {
    const found = told.find((each) => each.type === type && each.state_key === stateKey);
    const value = (found?.content as JsonObject | undefined)?.[key];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  return {
    event,
    outcome,
    unread: await badges.count(user),
    senderDisplayName: textIn('m.room.member', stored.sender, 'displayname'),
    roomName: textIn('m.room.name', '', 'name'),
    roomAlias: textIn('m.room.canonical_alias', '', 'alias'),
    isTarget: true,
  };
};
