// Events that others here follow and that nobody gave when they were missing: what is asked for again, and when.

import type { EventId, RoomId } from '../../protocol/ids/branded.ts';
import { type ReadTx, type WriteTx, writer } from '../database.ts';

/** Milliseconds until they are asked for again for the first time. */
export const FIRST_SEARCH_MS = 600_000;

export interface SoughtRoom {
  readonly nid: number;
  readonly roomId: RoomId;
  readonly version: string;
  /** Whether users of this server are in the room still. */
  readonly isResident: boolean;
}

export interface SoughtEvent {
  readonly eventId: EventId;
  readonly attempts: number;
  /** Whether it came meanwhile, and the state at it is known. */
  readonly isHere: boolean;
}

/** Called by the writer of events. What is sought already stays due when it was. */
export const seekEvents = (tx: WriteTx, room: number, eventIds: readonly string[], now: number): Promise<unknown> =>
  tx.runMany(
    'INSERT INTO sought_events (event_id, room, due_ts) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
    eventIds.map((eventId) => [eventId, room, now + FIRST_SEARCH_MS]),
  );

/** Rooms with events that are due by now. */
export const dueSoughtRooms = async (tx: ReadTx, now: number): Promise<SoughtRoom[]> => {
  const rows = await tx.all<Omit<SoughtRoom, 'isResident'> & { isResident: number }>(
    `SELECT r.nid AS "nid", r.room_id AS "roomId", r.version AS "version",
       CASE WHEN EXISTS (SELECT 1 FROM memberships m WHERE m.room = r.nid AND m.membership = 'join' AND m.is_local = 1)
         THEN 1 ELSE 0 END AS "isResident"
     FROM rooms r WHERE r.nid IN (SELECT room FROM sought_events WHERE due_ts <= ?) ORDER BY r.nid`,
    now,
  );
  return rows.map((row) => ({ ...row, isResident: row.isResident === 1 }));
};

/** Those of a room (by nid) that are due by now, the longest first. */
export const dueSoughtEvents = async (
  tx: ReadTx,
  room: number,
  { now, limit }: { readonly now: number; readonly limit: number },
): Promise<SoughtEvent[]> => {
  const rows = await tx.all<Omit<SoughtEvent, 'isHere'> & { isHere: number }>(
    `SELECT s.event_id AS "eventId", s.attempts AS "attempts",
       CASE WHEN e.state_root IS NULL THEN 0 ELSE 1 END AS "isHere"
     FROM sought_events s LEFT JOIN events e ON e.event_id = s.event_id
     WHERE s.room = ? AND s.due_ts <= ? ORDER BY s.due_ts, s.event_id LIMIT ?`,
    room,
    now,
    limit,
  );
  return rows.map((row) => ({ ...row, isHere: row.isHere === 1 }));
};

export interface SettledSearch {
  /** They came, or are given up. */
  readonly ended: readonly EventId[];
  /** Once more, then. */
  readonly again: readonly { readonly eventId: EventId; readonly dueTs: number }[];
}

export const settleSearch = writer('settleSearch', async (tx, { ended, again }: SettledSearch): Promise<void> => {
  await tx.runMany(
    'DELETE FROM sought_events WHERE event_id = ?',
    ended.map((eventId) => [eventId]),
  );
  await tx.runMany(
    'UPDATE sought_events SET attempts = attempts + 1, due_ts = ? WHERE event_id = ?',
    again.map(({ eventId, dueTs }) => [dueTs, eventId]),
  );
});

export interface Search {
  readonly eventId: EventId;
  /** That were in vain. */
  readonly attempts: number;
  readonly dueTs: number;
}

/** What is to be asked for again of some events. */
export const searchesFor = (tx: ReadTx, eventIds: readonly EventId[]): Promise<Search[]> =>
  tx.all(
    `SELECT event_id AS "eventId", attempts AS "attempts", due_ts AS "dueTs" FROM sought_events
     WHERE ${tx.dialect.anyText('event_id')} ORDER BY due_ts, event_id`,
    tx.dialect.list(eventIds),
  );
