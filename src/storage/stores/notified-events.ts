// Events that a user was notified of, newest first. Client-Server API, GET /notifications.

import type { ReadTx } from '../database.ts';
import { MAIN_THREAD, WHOLE_ROOM } from './read-marks.ts';

export interface NotifiedEvent {
  /** The event's nid. */
  readonly event: number;
  readonly position: number;
  readonly room: number;
  readonly isHighlighted: boolean;
  readonly isRead: boolean;
}

export interface NotifiedRange {
  readonly user: number;
  /** Only positions below this. */
  readonly before: number;
  readonly onlyHighlights: boolean;
  readonly limit: number;
}

interface JoinedRoom {
  readonly room: number;
  readonly since: number;
  readonly latest: number;
}

type Row = Omit<NotifiedEvent, 'isHighlighted' | 'isRead'> & { isHighlighted: number; isRead: number };

/** Whether the user has read a row of events or notifications. One parameter: the user. */
const isRead = (row: 'e' | 'n'): string =>
  `CASE WHEN EXISTS (SELECT 1 FROM read_marks r WHERE r.user_nid = ? AND r.room = ${row}.room
     AND r.thread IN (${WHOLE_ROOM}, coalesce(${row}.thread, ${MAIN_THREAD})) AND r.position >= ${row}.position)
   THEN 1 ELSE 0 END`;

/** Rows in `range` of one room that the user is joined to since `since`, from the defaults and from their own rows. */
const inRoom = (tx: ReadTx, range: NotifiedRange, { room, since }: JoinedRoom): Promise<Row[]> => {
  const { user, before, onlyHighlights, limit } = range;
  return tx.all<Row>(
    `SELECT e.nid AS "event", e.position AS "position", e.room AS "room",
       CASE WHEN e.notifies = 2 THEN 1 ELSE 0 END AS "isHighlighted", ${isRead('e')} AS "isRead"
     FROM events e
     WHERE e.room = ? AND e.position < ? AND e.position > ? AND e.notifies ${onlyHighlights ? '= 2' : '> 0'}
       AND e.sender <> ? AND NOT EXISTS
         (SELECT 1 FROM notifications n WHERE n.user_nid = ? AND n.room = e.room AND n.position = e.position)
     UNION ALL
     SELECT n.event, n.position, n.room, n.highlight, ${isRead('n')}
     FROM notifications n
     WHERE n.user_nid = ? AND n.room = ? AND n.position < ? AND n.position > ? AND n.notifies = 1
       AND n.highlight >= ?
     ORDER BY "position" DESC LIMIT ?`,
    ...[user, room, before, since, user, user],
    ...[user, user, room, before, since, onlyHighlights ? 1 : 0],
    limit,
  );
};

/** The invites that the user has, also to rooms that this server is not in. */
const invites = (tx: ReadTx, { user, before, onlyHighlights, limit }: NotifiedRange): Promise<Row[]> =>
  tx.all<Row>(
    `SELECT n.event AS "event", n.position AS "position", n.room AS "room", n.highlight AS "isHighlighted",
       ${isRead('n')} AS "isRead"
     FROM memberships m JOIN notifications n ON n.user_nid = m.user_nid AND n.room = m.room AND n.event = m.event
     WHERE m.user_nid = ? AND m.membership = 'invite' AND n.position < ? AND n.notifies = 1 AND n.highlight >= ?
     ORDER BY n.position DESC LIMIT ?`,
    ...[user, user, before, onlyHighlights ? 1 : 0, limit],
  );

/** In the rooms that the user is joined to, since they joined, and the invites to others. */
export const notifiedEvents = async (tx: ReadTx, range: NotifiedRange): Promise<NotifiedEvent[]> => {
  const rooms = await tx.all<JoinedRoom>(
    `SELECT m.room AS "room", m.since_position AS "since", r.latest_position AS "latest" FROM memberships m
     JOIN rooms r ON r.nid = m.room WHERE m.user_nid = ? AND m.membership = 'join' ORDER BY r.latest_position DESC`,
    range.user,
  );
  let found = await invites(tx, range);
  for (const room of rooms) {
    // Rooms come in the order of their latest events: once the page is full of later ones, the rest cannot change it.
    if (found.length >= range.limit && room.latest < found.at(-1)!.position) break;
    found.push(...(await inRoom(tx, range, room)));
    found = found.sort((one, other) => other.position - one.position).slice(0, range.limit);
  }
  return found.map((row) => ({ ...row, isHighlighted: row.isHighlighted === 1, isRead: row.isRead === 1 }));
};

export interface ChangedRoom {
  readonly room: number;
  readonly isJoined: boolean;
}

/** The user's rooms in which something happened after `since`; with since = 0 those with something unread, perhaps. */
export const roomsToCount = async (tx: ReadTx, user: number, since: number): Promise<ChangedRoom[]> => {
  const rows = await tx.all<{ room: number; isJoined: number }>(
    `SELECT m.room AS "room", CASE WHEN m.membership = 'join' THEN 1 ELSE 0 END AS "isJoined"
     FROM memberships m JOIN rooms r ON r.nid = m.room
     LEFT JOIN read_marks k ON k.user_nid = m.user_nid AND k.room = m.room AND k.thread = ${WHOLE_ROOM}
     WHERE m.user_nid = ? AND (r.latest_position > ? OR m.position > ?)
       AND (? > 0 OR r.latest_position > coalesce(k.position, 0))`,
    user,
    since,
    since,
    since,
  );
  return rows.map(({ room, isJoined }) => ({ room, isJoined: isJoined === 1 }));
};
