// Receipts: who read up to where, for each user, type and thread one. Client-Server API, "Receipts".

import type { RoomId, UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx, WriteTx } from '../database.ts';
import { writer } from '../database.ts';
import { fromStoredText, toStoredText } from '../text.ts';
import { putAccountDataWithin } from './account-data.ts';
import { raiseReadMark } from './read-marks.ts';

export type ReceiptType = 'm.read' | 'm.read.private';

const PUBLIC = 1;
const PRIVATE = 2;
const typeCode = (type: ReceiptType): number => (type === 'm.read' ? PUBLIC : PRIVATE);

/** Receipts that one read returns at most, the latest of them. */
const RECEIPTS_MAX = 20_000;

export interface NewReceipt {
  readonly room: number;
  readonly user: number;
  readonly isLocal: boolean;
  readonly type: ReceiptType;
  /** undefined: unthreaded. `main`, or the event id of the thread's root. */
  readonly threadId: string | undefined;
  readonly eventId: string;
  /** The event's place in the timeline; undefined: it has not arrived (receipts of other servers' users). */
  readonly eventPosition: number | undefined;
  /** For the unread counts: WHOLE_ROOM, MAIN_THREAD or the nid of the thread's root. undefined: nothing is counted. */
  readonly thread: number | undefined;
  /** Milliseconds. */
  readonly ts: number;
}

/** The receipt's stream position; undefined when the user's receipt of this type and thread is there or further on already. */
export const putReceiptWithin = async (tx: WriteTx, receipt: NewReceipt): Promise<number | undefined> => {
  const { room, user, isLocal, eventId, eventPosition } = receipt;
  const type = typeCode(receipt.type);
  const threadId = toStoredText(receipt.threadId ?? '');
  const before = await tx.get<{ eventId: string; eventPosition: number | null }>(
    `SELECT event_id AS "eventId", event_position AS "eventPosition" FROM receipts
     WHERE room = ? AND user_nid = ? AND type = ? AND thread_id = ?`,
    room,
    user,
    type,
    threadId,
  );
  if (before && !isNews(before, eventId, eventPosition)) return undefined;
  const position = await tx.nextPosition(type === PUBLIC ? { room } : { user });
  await tx.run(
    `INSERT INTO receipts (room, user_nid, type, thread_id, event_id, event_position, ts, is_local, position)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (room, user_nid, type, thread_id) DO UPDATE SET event_id = excluded.event_id,
       event_position = excluded.event_position, ts = excluded.ts, position = excluded.position`,
    room,
    user,
    type,
    threadId,
    toStoredText(eventId),
    eventPosition ?? null,
    receipt.ts,
    isLocal ? 1 : 0,
    position,
  );
  if (isLocal && eventPosition !== undefined && receipt.thread !== undefined) {
    await raiseReadMark(tx, { user, room, thread: receipt.thread, position: eventPosition });
  }
  return position;
};

/** "the receipt which is more 'ahead' or 'recent'" stays, by the order in which events arrived here. */
const isNews = (
  before: { eventId: string; eventPosition: number | null },
  eventId: string,
  eventPosition: number | undefined,
): boolean => {
  if (fromStoredText(before.eventId) === eventId) return false;
  return before.eventPosition === null || eventPosition === undefined || eventPosition > before.eventPosition;
};

export const putReceipt = writer('putReceipt', putReceiptWithin);

/** Several receipts in one transaction: those of another server's transaction, or a user's with their fully read marker. */
export const putReceipts = writer(
  'putReceipts',
  async (
    tx,
    args: {
      receipts: readonly NewReceipt[];
      /** The new content (JSON text) of the user's m.fully_read in the room. */
      fullyRead?: { user: number; room: number; content: string };
    },
  ): Promise<void> => {
    for (const receipt of args.receipts) await putReceiptWithin(tx, receipt);
    if (args.fullyRead) await putAccountDataWithin(tx, { ...args.fullyRead, type: 'm.fully_read' });
  },
);

export interface StoredReceipt {
  readonly room: number;
  readonly user: number;
  readonly userId: UserId;
  readonly type: ReceiptType;
  readonly threadId: string | undefined;
  readonly eventId: string;
  readonly ts: number;
  readonly position: number;
}

interface ReceiptRow extends Omit<StoredReceipt, 'type' | 'threadId'> {
  readonly type: number;
  readonly threadId: string;
}

const SELECT_RECEIPT = `SELECT r.room AS "room", r.user_nid AS "user", u.user_id AS "userId", r.type AS "type",
  r.thread_id AS "threadId", r.event_id AS "eventId", r.ts AS "ts", r.position AS "position"
  FROM receipts r JOIN users u ON u.nid = r.user_nid`;

const decoded = (row: ReceiptRow): StoredReceipt => ({
  ...row,
  type: row.type === PUBLIC ? 'm.read' : 'm.read.private',
  threadId: row.threadId === '' ? undefined : fromStoredText(row.threadId),
  eventId: fromStoredText(row.eventId),
});

/** Receipts of the rooms that changed after `since` and up to `until` and that `viewer` may see, oldest first. */
export const receiptsSince = async (
  tx: ReadTx,
  rooms: readonly number[],
  since: number,
  until: number,
  viewer: number,
): Promise<StoredReceipt[]> => {
  if (rooms.length === 0) return [];
  const rows = await tx.all<ReceiptRow>(
    `${SELECT_RECEIPT} WHERE ${tx.dialect.anyInt('r.room')} AND r.position > ? AND r.position <= ?
     AND (r.type = ${PUBLIC} OR r.user_nid = ?) ORDER BY r.position DESC LIMIT ${RECEIPTS_MAX}`,
    tx.dialect.list(rooms),
    since,
    until,
    viewer,
  );
  return rows.reverse().map(decoded);
};

/** Rooms in which the user's own receipts changed: their unread counts did as well, and private receipts wake no room. */
export const roomsOfOwnReceipts = async (tx: ReadTx, user: number, since: number, until: number): Promise<number[]> => {
  const rows = await tx.all<{ room: number }>(
    'SELECT DISTINCT room AS "room" FROM receipts WHERE user_nid = ? AND is_local = 1 AND position > ? AND position <= ?',
    user,
    since,
    until,
  );
  return rows.map(({ room }) => room);
};

/** Public receipts of this server's users with a position in (after, upTo], in order: what goes to other servers. */
export const publicReceiptsSince = async (
  tx: ReadTx,
  after: number,
  upTo: number,
  limit: number,
): Promise<(StoredReceipt & { readonly roomId: RoomId })[]> => {
  const rows = await tx.all<ReceiptRow & { roomId: RoomId }>(
    `SELECT r.room AS "room", o.room_id AS "roomId", r.user_nid AS "user", u.user_id AS "userId", r.type AS "type",
       r.thread_id AS "threadId", r.event_id AS "eventId", r.ts AS "ts", r.position AS "position"
     FROM receipts r JOIN users u ON u.nid = r.user_nid JOIN rooms o ON o.nid = r.room
     WHERE r.is_local = 1 AND r.type = ${PUBLIC} AND r.position > ? AND r.position <= ? ORDER BY r.position LIMIT ?`,
    after,
    upTo,
    limit,
  );
  return rows.map((row) => ({ ...decoded(row), roomId: row.roomId }));
};

/** The event id that an event relates to. */
export const relationTargetOf = async (tx: ReadTx, event: number): Promise<string | undefined> => {
  const row = await tx.get<{ target: string }>(
    'SELECT target_event_id AS "target" FROM relations WHERE event = ?',
    event,
  );
  return row && fromStoredText(row.target);
};
