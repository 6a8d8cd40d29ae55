// Account data and tags. Client-Server API, "Client Config" and "Room Tagging".

import { invalidParam, managedAccountData, notFound, tooLarge } from '../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../protocol/events/json.ts';
import type { RoomId } from '../protocol/ids/branded.ts';
import { fitsIdLimit } from '../protocol/ids/byte-limit.ts';
import { deleteTag, findAccountData, GLOBAL, putAccountData, putTag } from '../storage/stores/account-data.ts';
import { roomById } from '../storage/stores/rooms.ts';
import type { AccountsDeps } from './deps.ts';

const CONTENT_SIZE_BYTES_MAX = 256 * 1024;

/** "Servers MUST reject setting account data for event types that the server manages by using a 405 error response." */
const SERVER_MANAGED: ReadonlySet<string> = new Set(['m.fully_read', 'm.push_rules']);

const checked = (type: string, content: JsonObject): string => {
  if (SERVER_MANAGED.has(type)) throw managedAccountData(`${type} is managed by the server.`);
  if (type === '' || !fitsIdLimit(type)) throw invalidParam('The type must have 1 to 255 bytes.');
  const text = JSON.stringify(content);
  if (text.length > CONTENT_SIZE_BYTES_MAX || Buffer.byteLength(text) > CONTENT_SIZE_BYTES_MAX) {
    throw tooLarge('Account data may have at most 256 KiB.');
  }
  return text;
};

export const createAccountData = ({ db }: AccountsDeps) => {
  /** The room's nid. Throws M_NOT_FOUND: rooms that nobody here was ever in have no account data. */
  const roomOf = async (roomId: RoomId): Promise<number> => {
    const room = await db.read((tx) => roomById(tx, roomId));
    if (!room) throw notFound('This room is not known here.');
    return room.nid;
  };
  const placeOf = async (roomId: RoomId | undefined): Promise<number> =>
    roomId === undefined ? GLOBAL : roomOf(roomId);

  return {
    /** The content as JSON text; roomId undefined: global. Throws M_NOT_FOUND. */
    async accountData(user: number, roomId: RoomId | undefined, type: string): Promise<string> {
      const room = await placeOf(roomId);
      const content = await db.read((tx) => findAccountData(tx, user, room, type));
      if (content === undefined) throw notFound('There is no such account data.');
      return content;
    },

    /** Throws 405 M_BAD_JSON for types the server manages, M_TOO_LARGE, M_INVALID_PARAM. */
    async putAccountData(user: number, roomId: RoomId | undefined, type: string, content: JsonObject): Promise<void> {
      const text = checked(type, content);
      await db.write(putAccountData, { user, room: await placeOf(roomId), type, content: text });
    },

    /** Tag to its value. */
    async tags(user: number, roomId: RoomId): Promise<JsonObject> {
      const room = await roomOf(roomId);
      const text = await db.read((tx) => findAccountData(tx, user, room, 'm.tag'));
      const { tags } = (text === undefined ? {} : JSON.parse(text)) as { tags?: unknown };
      return typeof tags === 'object' && tags !== null && !Array.isArray(tags) ? (tags as JsonObject) : {};
    },

    /** "The name of a tag MUST NOT exceed 255 bytes." Throws M_INVALID_PARAM, M_TOO_LARGE. */
    async putTag(user: number, roomId: RoomId, tag: string, value: JsonObject): Promise<void> {
      if (tag === '' || !fitsIdLimit(tag)) throw invalidParam('A tag must have 1 to 255 bytes.');
      const text = JSON.stringify(value);
      if (text.length > 4096) throw tooLarge('A tag may have at most 4 KiB.');
      await db.write(putTag, { user, room: await roomOf(roomId), tag, value: text });
    },

    async deleteTag(user: number, roomId: RoomId, tag: string): Promise<void> {
      await db.write(deleteTag, { user, room: await roomOf(roomId), tag });
    },
  };
};
