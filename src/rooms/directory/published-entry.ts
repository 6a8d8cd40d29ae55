// A room as the published room directory shows it. Client-Server API, "GET /publicRooms", PublishedRoomsChunk.

import { isJsonObject, type Json, type JsonObject } from '../../protocol/events/json.ts';
import type { RoomEvent } from '../../protocol/events/room-event.ts';
import type { RoomId } from '../../protocol/ids/branded.ts';
import type { StateKeyPair } from '../state/room-state.ts';

export interface PublishedEntry {
  readonly room_id: RoomId;
  readonly num_joined_members: number;
  readonly world_readable: boolean;
  readonly guest_can_join: boolean;
  readonly name?: string;
  readonly topic?: string;
  readonly canonical_alias?: string;
  readonly avatar_url?: string;
  readonly join_rule?: string;
  readonly room_type?: string;
}

/** The state that an entry is made of, in this order. */
export const entryState: readonly StateKeyPair[] = [
  ['m.room.create', ''],
  ['m.room.name', ''],
  ['m.room.topic', ''],
  ['m.room.canonical_alias', ''],
  ['m.room.avatar', ''],
  ['m.room.join_rules', ''],
  ['m.room.history_visibility', ''],
  ['m.room.guest_access', ''],
];

/** `state`: the events of entryState. */
export const publishedEntry = (
  roomId: RoomId,
  members: number,
  state: readonly (RoomEvent | undefined)[],
): PublishedEntry => {
  const [create, name, topic, alias, avatar, joinRules, visibility, guestAccess] = state.map((event) => event?.content);
  const texts = {
    name: text(name?.name),
    topic: plainTopic(topic),
    canonical_alias: text(alias?.alias),
    avatar_url: text(avatar?.url),
    join_rule: text(joinRules?.join_rule) ?? 'invite',
    room_type: text(create?.type),
  };
  return {
    room_id: roomId,
    num_joined_members: members,
    world_readable: visibility?.history_visibility === 'world_readable',
    guest_can_join: guestAccess?.guest_access === 'can_join',
    ...Object.fromEntries(Object.entries(texts).filter((entry): entry is [string, string] => entry[1] !== undefined)),
  };
};

const text = (value: Json | undefined): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** "The plain text topic of the room. Omitted if no text/plain mimetype exists in m.room.topic." */
const plainTopic = (content: JsonObject | undefined): string | undefined => {
  const block = content?.['m.topic'];
  const representations = isJsonObject(block) ? block['m.text'] : undefined;
  if (!Array.isArray(representations)) return text(content?.topic);
  const plain = representations.find(
    (each): each is JsonObject => isJsonObject(each) && (each.mimetype ?? 'text/plain') === 'text/plain',
  );
  return text(plain?.body) ?? text(content?.topic);
};
