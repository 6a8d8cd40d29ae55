// The text of an event as clients get it, spliced from stored texts. Client-Server API, "Room Event Format".

import type { JsonObject } from '../../protocol/events/json.ts';
import type { StoredEvent } from '../../storage/stores/events.ts';
import type { RoomRef } from '../room-ref.ts';

/** Everything but `unsigned`, and without the closing brace. */
export const openEventText = (event: StoredEvent, room: RoomRef, withRoomId: boolean): string => {
  const isRedaction = event.type === 'm.room.redaction';
  const redacts = isRedaction ? redactsOf(event, room) : undefined;
  const content = redacts === undefined ? event.content : contentWithRedacts(event.content, redacts);
  let text = `{"content":${content},"event_id":${JSON.stringify(event.eventId)},"origin_server_ts":${event.originServerTs}`;
  if (redacts !== undefined) text += `,"redacts":${JSON.stringify(redacts)}`;
  if (withRoomId) text += `,"room_id":${JSON.stringify(room.roomId)}`;
  text += `,"sender":${JSON.stringify(event.sender)}`;
  if (event.stateKey !== undefined) text += `,"state_key":${JSON.stringify(event.stateKey)}`;
  return `${text},"type":${JSON.stringify(event.type)}`;
};

/**
 * Room version 11, "Moving the redacts property": "servers should add a redacts property to the top level of
 * m.room.redaction events … when serving such events over the Client-Server API", and one to the content in older versions.
 */
const redactsOf = (event: StoredEvent, room: RoomRef): string | undefined => {
  const { redacts } = JSON.parse(room.version.redactsInContent ? event.content : event.rest) as JsonObject;
  return typeof redacts === 'string' ? redacts : undefined;
};

const contentWithRedacts = (content: string, redacts: string): string => {
  const fields = JSON.parse(content) as JsonObject;
  if (Object.hasOwn(fields, 'redacts')) return content;
  const member = `"redacts":${JSON.stringify(redacts)}`;
  return content === '{}' ? `{${member}}` : `{${member},${content.slice(1)}`;
};
