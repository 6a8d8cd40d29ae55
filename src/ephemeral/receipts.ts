// Receipts and read markers. Client-Server API, "Receipts" and "Fully read markers".

import type { Clock } from '../lib/clock.ts';
import { forbidden, invalidParam, notFound } from '../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../protocol/events/json.ts';
import type { RoomId, UserId } from '../protocol/ids/branded.ts';
import type { Database, ReadTx } from '../storage/database.ts';
import { eventById, type StoredEvent } from '../storage/stores/events.ts';
import { membershipOf } from '../storage/stores/memberships.ts';
import {
  type NewReceipt,
  publicReceiptsSince,
  putReceipts,
  type ReceiptType,
  receiptsSince,
  roomsOfOwnReceipts,
} from '../storage/stores/receipts.ts';
import { roomById } from '../storage/stores/rooms.ts';
import { threadOfReceipt } from './thread-of-receipt.ts';

export interface Reader {
  readonly user: number;
  readonly userId: UserId;
}

export interface ReceiptToSend {
  readonly type: ReceiptType;
  readonly eventId: string;
  /** undefined: unthreaded. Its form is checked already (checkThreadId). */
  readonly threadId: string | undefined;
}

/** A receipt of another server's user, its form checked. */
export interface RemoteReceipt {
  readonly user: number;
  readonly eventId: string;
  readonly threadId: string | undefined;
  /** Milliseconds, as the other server says. */
  readonly ts: number;
}

const memberRoom = async (tx: ReadTx, roomId: RoomId, reader: Reader): Promise<number> => {
  const room = await roomById(tx, roomId);
  if (!room) throw notFound('This room is not known here.');
  const membership = await membershipOf(tx, reader.user, room.nid);
  if (membership?.membership !== 'join') throw forbidden('Only members of the room can read it.');
  return room.nid;
};

const timelineEvent = async (
  tx: ReadTx,
  room: number,
  eventId: string,
): Promise<StoredEvent & { position: number }> => {
  const event = await eventById(tx, eventId);
  // "The event MUST belong to the room." Events outside its timeline were shown to nobody.
  if (!event || event.room !== room || event.position === null) throw invalidParam('The room has no such event.');
  return { ...event, position: event.position };
};

export const createReceipts = ({ db, clock }: { db: Database; clock: Clock }) => {
  const remoteReceipt = async (tx: ReadTx, room: number, receipt: RemoteReceipt): Promise<NewReceipt> => {
    const event = await eventById(tx, receipt.eventId);
    const position = event?.room === room ? (event.position ?? undefined) : undefined;
    return { ...receipt, room, isLocal: false, type: 'm.read', eventPosition: position, thread: undefined };
  };

  const listeners: ((user: number) => void)[] = [];

  return {
    /**
     * Moves the user's receipts, and their fully read marker to `fullyRead`. A receipt behind the one that is there changes
     * nothing. Throws M_NOT_FOUND (room), M_FORBIDDEN (no member), M_INVALID_PARAM (event or thread).
     */
    async mark(reader: Reader, roomId: RoomId, receipts: readonly ReceiptToSend[], fullyRead?: string): Promise<void> {
      const ts = clock.now();
      const { user } = reader;
      const { room, checked } = await db.read(async (tx) => {
        const nid = await memberRoom(tx, roomId, reader);
        const news: NewReceipt[] = [];
        for (const receipt of receipts) {
          const event = await timelineEvent(tx, nid, receipt.eventId);
          const thread = await threadOfReceipt(tx, event, receipt.threadId);
          news.push({ ...receipt, room: nid, user, isLocal: true, eventPosition: event.position, thread, ts });
        }
        if (fullyRead !== undefined) await timelineEvent(tx, nid, fullyRead);
        return { room: nid, checked: news };
      });
      const content = JSON.stringify({ event_id: fullyRead });
      await db.write(putReceipts, {
        receipts: checked,
        ...(fullyRead !== undefined && { fullyRead: { user, room, content } }),
      });
      if (checked.length > 0) for (const listener of listeners) listener(user);
    },

    /** Public receipts from another server; that their users are members and of that server is checked already. */
    async receive(room: number, receipts: readonly RemoteReceipt[]): Promise<void> {
      const news = await db.read(async (tx) => {
        const found: NewReceipt[] = [];
        for (const receipt of receipts) found.push(await remoteReceipt(tx, room, receipt));
        return found;
      });
      if (news.length > 0) await db.write(putReceipts, { receipts: news });
    },

    /** For push notifications: called with local users who have read something. */
    onRead(listener: (user: number) => void): void {
      listeners.push(listener);
    },

    receiptsSince: receiptContentsSince,
    /** Rooms whose unread counts changed by the user's own receipts; private ones wake no room. */
    roomsOfOwnReceipts,
    /** For federation: receipts to tell other servers of, in the order of their positions. */
    publicReceiptsSince,
  };
};

export type Receipts = ReturnType<typeof createReceipts>;

type ReceiptContent = Record<string, Record<string, Record<string, JsonObject>>>;

/**
 * The content of each room's m.receipt event with what changed after `since` and up to `until`: room nid → content; rooms
 * without news are absent. Private receipts are the viewer's own only.
 */
export const receiptContentsSince = async (
  tx: ReadTx,
  rooms: readonly number[],
  since: number,
  until: number,
  viewer: number,
): Promise<Map<number, JsonObject>> => {
  const contents = new Map<number, ReceiptContent>();
  for (const receipt of await receiptsSince(tx, rooms, since, until, viewer)) {
    const content = contents.get(receipt.room) ?? {};
    contents.set(receipt.room, content);
    const { eventId, type, threadId, ts } = receipt;
    const byType = content[eventId] ?? {};
    content[eventId] = byType;
    const byUser = byType[type] ?? {};
    byType[type] = byUser;
    // There is room for one receipt of a user at an event: the unthreaded one says most (MSC4102).
    const known = byUser[receipt.userId];
    if (known && !('thread_id' in known)) continue;
    byUser[receipt.userId] = threadId === undefined ? { ts } : { ts, thread_id: threadId };
  }
  return contents;
};
