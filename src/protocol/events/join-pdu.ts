// The wire text of a stored event, spliced from its columns and its two texts without parsing them: what other servers get.
// Room versions, "Event format".

import { canonicalString } from '../canonical-json/canonical-json.ts';
import { compareCodePoints } from '../canonical-json/compare-code-points.ts';
import { type MemberText, objectMembers } from '../canonical-json/object-members.ts';
import type { RoomVersion } from '../room-versions/room-version.ts';

/** An event as storage has it; `content` and `rest` are PduTexts.contentJson and PduTexts.restJson. */
export interface StoredPdu {
  readonly eventId: string;
  readonly type: string;
  /** undefined: not a state event. */
  readonly stateKey: string | undefined;
  readonly sender: string;
  readonly originServerTs: number;
  readonly depth: number;
  readonly content: string;
  readonly rest: string;
}

/** Canonical JSON, equal to PduTexts.pduJson of the event that was stored: hashes and signatures hold. */
export const joinPdu = (event: StoredPdu, roomId: string, version: RoomVersion): string => {
  const columns = columnMembers(event, roomId, version);
  const rest = objectMembers(event.rest);
  let text = '';
  let next = 0;
  for (const member of rest) {
    let order = 1;
    while (next < columns.length && order > 0) {
      const column = columns[next]!;
      order = compareCodePoints(member.key, column.key);
      // A depth or timestamp that no column can hold stands in `rest`.
      if (order > 0) text += `,${column.text}`;
      if (order >= 0) next++;
    }
    text += `,${member.text}`;
  }
  for (; next < columns.length; next++) text += `,${columns[next]!.text}`;
  return `{${text.slice(1)}}`;
};

/** In canonical order. */
const columnMembers = (event: StoredPdu, roomId: string, version: RoomVersion): MemberText[] => {
  const members = [
    { key: 'content', text: `"content":${event.content}` },
    { key: 'depth', text: `"depth":${event.depth}` },
  ];
  // v1–2: the id is part of the event.
  if (version.eventIdFormat === 'chosen') members.push(stringMember('event_id', event.eventId));
  members.push({ key: 'origin_server_ts', text: `"origin_server_ts":${event.originServerTs}` });
  // Since v12: the create event has no room_id.
  if (!version.roomIdIsCreateHash || event.type !== 'm.room.create') members.push(stringMember('room_id', roomId));
  members.push(stringMember('sender', event.sender));
  if (event.stateKey !== undefined) members.push(stringMember('state_key', event.stateKey));
  members.push(stringMember('type', event.type));
  return members;
};

const stringMember = (key: string, value: string): MemberText => ({
  key,
  text: `"${key}":${canonicalString(value, 'lossless')}`,
});
