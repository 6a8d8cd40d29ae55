// Unread counts by arithmetic: the room's running number of notifying events now and at the user's read mark, corrected by the
// user's own rows. Client-Server API, "Receiving notifications".

import type { ReadTx } from '../database.ts';
import { MAIN_THREAD, WHOLE_ROOM } from './read-marks.ts';

export interface UnreadCount {
  readonly notificationCount: number;
  /** Those of them that are highlighted. */
  readonly highlightCount: number;
}

export interface UnreadCounts extends UnreadCount {
  /** What is unread in the main timeline alone; the counts beside it are of the whole room. */
  readonly main: UnreadCount;
  /** By the nid of the thread's root event; threads without anything unread are absent. */
  readonly threads: ReadonlyMap<number, UnreadCount>;
}

interface CountRow {
  readonly thread: number;
  readonly count: number;
  readonly highlights: number;
}

/** Unread events in threads that are looked at, the latest: counts beyond it are not worth their time. */
const IN_THREADS_MAX = 1000;

/** The running number that a table's latest row up to a position holds. Parameters: those of `where`. */
const running = (column: string, table: string, where: string): string =>
  `coalesce((SELECT t.${column} FROM ${table} t WHERE ${where} ORDER BY t.position DESC LIMIT 1), 0)`;

const own = 't.user_nid = ? AND t.room = ?';

/**
 * One row for the main timeline: the difference of running numbers, less what lies in threads, which an index over those
 * alone tells. Then a row for each thread, and one more for each thread with the user's corrections.
 */
const COUNT_SQL = `WITH mark AS (SELECT thread, position FROM read_marks WHERE user_nid = ? AND room = ?),
room_mark AS (SELECT coalesce(max(position), 0) AS position FROM mark WHERE thread = ${WHOLE_ROOM}),
main_mark AS (SELECT coalesce(max(position), 0) AS position FROM mark WHERE thread IN (${WHOLE_ROOM}, ${MAIN_THREAD}))
SELECT ${MAIN_THREAD} AS "thread",
  ${running('notified_total', 'events', 't.room = ? AND t.position <= ?')}
  - ${running('notified_total', 'events', 't.room = ? AND t.position <= main_mark.position')}
  - (SELECT count(*) FROM events e WHERE e.room = ? AND e.position > main_mark.position AND e.position <= ?
      AND e.thread IS NOT NULL AND e.notifies > 0)
  + ${running('main_delta', 'notifications', `${own} AND t.position <= ?`)}
  - ${running('main_delta', 'notifications', `${own} AND t.position <= main_mark.position`)} AS "count",
  (SELECT count(*) FROM events e WHERE e.room = ? AND e.position > main_mark.position AND e.position <= ?
      AND e.notifies = 2 AND e.thread IS NULL)
  + ${running('main_highlight_delta', 'notifications', `${own} AND t.position <= ?`)}
  - ${running('main_highlight_delta', 'notifications', `${own} AND t.position <= main_mark.position`)} AS "highlights"
FROM main_mark
UNION ALL
SELECT e.thread, count(*), sum(CASE WHEN e.notifies = 2 THEN 1 ELSE 0 END)
FROM (SELECT thread, position, notifies FROM events
  WHERE room = ? AND position > (SELECT position FROM room_mark) AND position <= ?
    AND thread IS NOT NULL AND notifies > 0 ORDER BY position DESC LIMIT ${IN_THREADS_MAX}) e
LEFT JOIN mark ON mark.thread = e.thread
WHERE e.position > coalesce(mark.position, 0) GROUP BY e.thread
UNION ALL
SELECT n.thread, sum(n.delta), sum(n.highlight_delta)
FROM (SELECT thread, position, delta, highlight_delta FROM notifications
  WHERE user_nid = ? AND room = ? AND position > (SELECT position FROM room_mark) AND position <= ?
    AND thread IS NOT NULL ORDER BY position DESC LIMIT ${IN_THREADS_MAX}) n
LEFT JOIN mark ON mark.thread = n.thread
WHERE n.position > coalesce(mark.position, 0) GROUP BY n.thread`;

/** Of a local user who is joined, as of the stream position `upTo`. */
export const unreadCounts = async (tx: ReadTx, user: number, room: number, upTo: number): Promise<UnreadCounts> => {
  const rows = await tx.all<CountRow>(
    COUNT_SQL,
    ...[user, room],
    ...[room, upTo, room, room, upTo, user, room, upTo, user, room],
    ...[room, upTo, user, room, upTo, user, room],
    ...[room, upTo],
    ...[user, room, upTo],
  );
  const byThread = new Map<number, UnreadCount>();
  for (const { thread, count, highlights } of rows) {
    const before = byThread.get(thread);
    byThread.set(thread, {
      notificationCount: (before?.notificationCount ?? 0) + count,
      highlightCount: (before?.highlightCount ?? 0) + highlights,
    });
  }
  return totals(byThread);
};

const totals = (byThread: ReadonlyMap<number, UnreadCount>): UnreadCounts => {
  const threads = new Map<number, UnreadCount>();
  let main: UnreadCount = { notificationCount: 0, highlightCount: 0 };
  let notificationCount = 0;
  let highlightCount = 0;
  for (const [thread, counts] of byThread) {
    // A read mark can be newer than the position asked for.
    const count: UnreadCount = {
      notificationCount: Math.max(counts.notificationCount, 0),
      highlightCount: Math.max(counts.highlightCount, 0),
    };
    if (thread === MAIN_THREAD) main = count;
    else if (count.notificationCount > 0 || count.highlightCount > 0) threads.set(thread, count);
    notificationCount += count.notificationCount;
    highlightCount += count.highlightCount;
  }
  return { notificationCount, highlightCount, main, threads };
};
