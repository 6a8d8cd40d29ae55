// Events on their way to other servers: which there are, who still misses some, and how far the dispatch of them has come.

import type { EventId, ServerName, UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx } from '../database.ts';
import { writer } from '../database.ts';
import { serverPart } from '../dialects/server-part.ts';
import { moveStreamCursorWithin } from './stream-cursors.ts';

/** The name of the consumer in stream_cursors. */
export const OUTBOUND = 'outbound';
/** Below so many events only the newest of each room is kept: who misses more is sent no more than that. */
const ALL_KEPT = 200_000;

export interface OutgoingRow {
  readonly nid: number;
  readonly position: number;
  readonly room: number;
  readonly sender: UserId;
  readonly isMember: number;
  /** State after the event. */
  readonly stateRoot: Uint8Array;
  readonly replaces: number | null;
}

const SELECT_OUTGOING = `SELECT e.nid AS "nid", e.position AS "position", e.room AS "room", u.user_id AS "sender",
  CASE WHEN t.type = 'm.room.member' THEN 1 ELSE 0 END AS "isMember", e.state_root AS "stateRoot", e.replaces AS "replaces"
FROM events e JOIN event_types t ON t.nid = e.type JOIN users u ON u.nid = e.sender`;

/**
 * This server's own accepted events in (after, upTo], and those that it forwards; in order. Not the joins that stand above a
 * hole, with history that is not here: "The resident server … sends it to other servers" (Joining Rooms).
 */
export const outgoingBetween = (
  tx: ReadTx,
  { serverName, after, upTo }: { serverName: ServerName; after: number; upTo: number },
): Promise<OutgoingRow[]> =>
  tx.all(
    `${SELECT_OUTGOING} WHERE e.position > ? AND e.position <= ? AND e.verdict = 0 AND e.state_root IS NOT NULL
       AND ((${serverPart(tx.dialect, 'u.user_id')} = ?
           AND NOT EXISTS (SELECT 1 FROM timeline_holes h WHERE h.event = e.nid))
         OR EXISTS (SELECT 1 FROM forwarded_events f WHERE f.position = e.position))
     ORDER BY e.position`,
    after,
    upTo,
    serverName,
  );

/** The event is not accepted, but this server would have passed it on: it does so once it is accepted after all. */
export const oweForward = writer('oweForward', async (tx, eventId: EventId): Promise<void> => {
  await tx.run(
    'INSERT INTO owed_forwards (event) SELECT nid FROM events WHERE event_id = ? AND verdict <> 0 ON CONFLICT DO NOTHING',
    eventId,
  );
});

/** In order. */
export const outgoingAt = (tx: ReadTx, positions: readonly number[]): Promise<OutgoingRow[]> =>
  tx.all(
    `${SELECT_OUTGOING} WHERE ${tx.dialect.anyInt('e.position')} AND e.state_root IS NOT NULL ORDER BY e.position`,
    tx.dialect.list(positions),
  );

export interface MissedRange {
  readonly rooms: readonly number[];
  readonly after: number;
  readonly upTo: number;
  readonly limit: number;
}

const positionsOf = (rows: readonly { position: number }[]): number[] => rows.map(({ position }) => position);

/** Positions of events of the rooms in (after, upTo] that not everybody had, ascending: the first of them. */
export const missedPositions = async (tx: ReadTx, { rooms, after, upTo, limit }: MissedRange): Promise<number[]> =>
  positionsOf(
    await tx.all(
      `SELECT position AS "position" FROM outgoing_events
       WHERE ${tx.dialect.anyInt('room')} AND position > ? AND position <= ? ORDER BY position LIMIT ?`,
      tx.dialect.list(rooms),
      after,
      upTo,
      limit,
    ),
  );

/** The same, with only the newest event of each room. */
export const newestMissed = (
  tx: ReadTx,
  { rooms, after, upTo, limit }: MissedRange,
): Promise<{ room: number; position: number }[]> =>
  tx.all(
    `SELECT room AS "room", max(position) AS "position" FROM outgoing_events
     WHERE ${tx.dialect.anyInt('room')} AND position > ? AND position <= ? GROUP BY room ORDER BY 2 LIMIT ?`,
    tx.dialect.list(rooms),
    after,
    upTo,
    limit,
  );

/** Of one room, newest first. */
export const missedInRoom = async (
  tx: ReadTx,
  { room, after, before, limit }: { room: number; after: number; before: number; limit: number },
): Promise<number[]> =>
  positionsOf(
    await tx.all(
      `SELECT position AS "position" FROM outgoing_events WHERE room = ? AND position > ? AND position < ?
       ORDER BY position DESC LIMIT ?`,
      room,
      after,
      before,
      limit,
    ),
  );

export interface DestinationCursor {
  readonly destination: ServerName;
  readonly position: number;
}

export const destinationCursors = (tx: ReadTx): Promise<DestinationCursor[]> =>
  tx.all('SELECT destination AS "destination", position AS "position" FROM destination_cursors ORDER BY destination');

export const destinationCursor = async (tx: ReadTx, destination: ServerName): Promise<number | undefined> =>
  (
    await tx.get<{ position: number }>(
      'SELECT position AS "position" FROM destination_cursors WHERE destination = ?',
      destination,
    )
  )?.position;

export interface OutboundMove {
  /** Everything up to here was dispatched. */
  readonly position: number;
  /** Servers that have not got everything up to it; those that are not named stand as they stood. */
  readonly behind: readonly DestinationCursor[];
  /** Servers that were behind and are no more. */
  readonly caughtUp: readonly ServerName[];
  /** Events up to it that some server does not have. */
  readonly events: readonly { readonly room: number; readonly position: number }[];
  /** Deletes what nobody misses. */
  readonly prunes: boolean;
}

export const moveOutbound = writer('moveOutbound', async (tx, move: OutboundMove): Promise<void> => {
  await moveStreamCursorWithin(tx, { consumer: OUTBOUND, position: move.position });
  await tx.runMany(
    'INSERT INTO outgoing_events (room, position) VALUES (?, ?) ON CONFLICT DO NOTHING',
    move.events.map(({ room, position }) => [room, position]),
  );
  await tx.runMany(
    `INSERT INTO destination_cursors (destination, position) VALUES (?, ?)
     ON CONFLICT (destination) DO UPDATE SET position = excluded.position`,
    move.behind.map(({ destination, position }) => [destination, position]),
  );
  await tx.runMany(
    'DELETE FROM destination_cursors WHERE destination = ?',
    move.caughtUp.map((destination) => [destination]),
  );
  if (!move.prunes) return;
  const oldest = await tx.get<{ position: number | null }>(
    'SELECT min(position) AS "position" FROM destination_cursors',
  );
  const upTo = oldest?.position ?? move.position;
  await tx.run('DELETE FROM outgoing_events WHERE position <= ?', upTo);
  const horizon = await tx.get<{ position: number }>(
    'SELECT position AS "position" FROM outgoing_events ORDER BY position DESC LIMIT 1 OFFSET ?',
    ALL_KEPT,
  );
  if (horizon) {
    await tx.run(
      `DELETE FROM outgoing_events WHERE position <= ? AND EXISTS
         (SELECT 1 FROM outgoing_events n WHERE n.room = outgoing_events.room AND n.position > outgoing_events.position)`,
      horizon.position,
    );
  }
  await tx.run('DELETE FROM forwarded_events WHERE position <= ?', move.position);
});
