// EDUs of other servers, read from what strangers wrote: undefined for what is malformed or about users who are not theirs.
// Server-Server API, "EDUs".

import { toDeviceContentSizeBytesMax } from '../../e2ee/limits.ts';
import { checkThreadId } from '../../ephemeral/thread-of-receipt.ts';
import { canonicalJson } from '../../protocol/canonical-json/canonical-json.ts';
import { MatrixError } from '../../protocol/errors/matrix-error.ts';
import { asJsonList, isJsonObject, type Json, type JsonObject } from '../../protocol/events/json.ts';
import type { RoomId, ServerName, UserId } from '../../protocol/ids/branded.ts';
import { fitsIdLimit } from '../../protocol/ids/byte-limit.ts';
import { isEventId } from '../../protocol/ids/event-id.ts';
import { serverOf } from '../../protocol/ids/id-parts.ts';
import { isRoomId } from '../../protocol/ids/room-id.ts';
import { isUserId } from '../../protocol/ids/user-id.ts';
import type { ReceivedMessage } from '../../storage/stores/received-messages.ts';
import type { DeviceUpdate } from '../../storage/stores/remote-devices.ts';
import { isDeviceId, readDevice } from './remote-keys/read-keys.ts';

/** "If EDUs are emitted in series by a server, there should only ever be one prev_id". */
const PREV_IDS_MAX = 100;
/** Recipients of one message; more are passed over. */
const RECIPIENTS_MAX = 20_000;
const ROOMS_MAX = 200;
const RECEIPTS_MAX = 2_000;
const PRESENCES_MAX = 1_000;
const STATUS_LENGTH_MAX = 1_024;

const isOf = (origin: ServerName, value: Json | undefined): value is UserId =>
  typeof value === 'string' && isUserId(value) && serverOf(value) === origin;

const isCount = (value: Json | undefined): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

/** The user whose cross-signing keys changed. */
export const readSigner = (origin: ServerName, { user_id: userId }: JsonObject): UserId | undefined =>
  isOf(origin, userId) ? userId : undefined;

export const readDeviceUpdate = (
  origin: ServerName,
  content: JsonObject,
): { userId: UserId; update: DeviceUpdate } | undefined => {
  const { user_id: userId, device_id: deviceId, stream_id: streamId, prev_id: prevId = [], deleted } = content;
  if (!isOf(origin, userId) || !isDeviceId(deviceId) || !isCount(streamId) || !Array.isArray(prevId)) return undefined;
  const isDeleted = deleted === true;
  const device = readDevice(userId, deviceId, isDeleted ? undefined : content.keys, content.device_display_name);
  if (!device) return undefined;
  return { userId, update: { ...device, streamId, isDeleted, prevIds: prevId.slice(0, PREV_IDS_MAX).filter(isCount) } };
};

/** Only what is for users of `own` and fits. */
export const readMessage = (origin: ServerName, own: ServerName, content: JsonObject): ReceivedMessage | undefined => {
  const { sender, type, message_id: messageId, messages } = content;
  if (!isOf(origin, sender) || typeof type !== 'string' || !fitsIdLimit(type)) return undefined;
  if (typeof messageId !== 'string' || !fitsIdLimit(messageId) || !isJsonObject(messages)) return undefined;
  const local: { userId: UserId; messages: [string, string][] }[] = [];
  let left = RECIPIENTS_MAX;
  for (const [userId, byDevice] of Object.entries(messages)) {
    if (!isOf(own, userId) || !isJsonObject(byDevice)) continue;
    const texts: [string, string][] = [];
    for (const [deviceId, message] of Object.entries(byDevice)) {
      const text = isJsonObject(message) && left > 0 ? messageText(message) : undefined;
      if (text === undefined) continue;
      left -= 1;
      texts.push([deviceId, text]);
    }
    if (texts.length > 0) local.push({ userId, messages: texts });
  }
  return local.length > 0 ? { sender, type, messageId, local } : undefined;
};

const messageText = (content: JsonObject): string | undefined => {
  try {
    const text = canonicalJson(content, 'lossless');
    return Buffer.byteLength(text) <= toDeviceContentSizeBytesMax ? text : undefined;
  } catch (error) {
    if (error instanceof MatrixError) return undefined;
    throw error;
  }
};

export interface TypingUser {
  readonly roomId: RoomId;
  readonly userId: UserId;
  readonly isTyping: boolean;
}

export const readTyping = (origin: ServerName, content: JsonObject): TypingUser | undefined => {
  const { room_id: roomId, user_id: userId, typing } = content;
  if (typeof roomId !== 'string' || !isRoomId(roomId) || !isOf(origin, userId)) return undefined;
  return { roomId, userId, isTyping: typing === true };
};

export interface UserReceipt {
  readonly userId: UserId;
  readonly eventId: string;
  readonly threadId: string | undefined;
  readonly ts: number;
}

/** Receipts by room. */
export const readReceipts = (origin: ServerName, content: JsonObject): Map<RoomId, UserReceipt[]> => {
  const byRoom = new Map<RoomId, UserReceipt[]>();
  for (const [roomId, receipts] of Object.entries(content).slice(0, ROOMS_MAX)) {
    const read = isJsonObject(receipts) ? receipts['m.read'] : undefined;
    if (!isRoomId(roomId) || !isJsonObject(read)) continue;
    const found = Object.entries(read)
      .slice(0, RECEIPTS_MAX)
      .map(([userId, receipt]) => readReceipt(origin, userId, receipt));
    byRoom.set(
      roomId,
      found.filter((receipt) => receipt !== undefined),
    );
  }
  return byRoom;
};

const readReceipt = (origin: ServerName, userId: string, receipt: Json): UserReceipt | undefined => {
  if (!isOf(origin, userId) || !isJsonObject(receipt)) return undefined;
  const { event_ids: eventIds, data } = receipt;
  // "The extremity event IDs that the user has read up to." There is one.
  const eventId = Array.isArray(eventIds) ? eventIds[0] : undefined;
  if (typeof eventId !== 'string' || !isEventId(eventId) || !isJsonObject(data) || !isCount(data.ts)) return undefined;
  const { ts, thread_id: threadId } = data;
  if (threadId === undefined || threadId === null) return { userId, eventId, ts, threadId: undefined };
  return isThreadId(threadId) ? { userId, eventId, ts, threadId } : undefined;
};

const isThreadId = (value: Json): value is string => {
  try {
    return fitsIdLimit(checkThreadId(value));
  } catch (error) {
    if (error instanceof MatrixError) return false;
    throw error;
  }
};

export interface UserPresenceSaid {
  readonly userId: UserId;
  readonly presence: 'online' | 'unavailable' | 'offline';
  readonly isCurrentlyActive: boolean;
  readonly lastActiveAgoMs: number | undefined;
  readonly statusMsg: string | undefined;
}

export const readPresences = (origin: ServerName, { push }: JsonObject): UserPresenceSaid[] =>
  asJsonList(push)
    .slice(0, PRESENCES_MAX)
    .flatMap((said): UserPresenceSaid[] => {
      if (!isJsonObject(said)) return [];
      const { user_id: userId, presence, last_active_ago: agoMs, status_msg: status } = said;
      if (!isOf(origin, userId)) return [];
      if (presence !== 'online' && presence !== 'unavailable' && presence !== 'offline') return [];
      return [
        {
          userId,
          presence,
          isCurrentlyActive: said.currently_active === true,
          lastActiveAgoMs: isCount(agoMs) ? agoMs : undefined,
          statusMsg: typeof status === 'string' && status !== '' ? status.slice(0, STATUS_LENGTH_MAX) : undefined,
        },
      ];
    });
