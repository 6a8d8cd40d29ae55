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

/**
 * One row for the main timeline, and one for each thread, from the events; and further rows with the user's corrections.
 * Threaded events are counted one by one, through an index that holds only those; all others by the running number.
 */
const COUNT_SQL = `WITH mark AS (SELECT thread, position FROM read_marks WHERE user_nid = ? AND room = ?),
room_mark AS (SELECT coalesce(max(position), 0) AS position FROM mark WHERE thread = ${WHOLE_ROOM}),
main_mark AS (SELECT coalesce(max(position), 0) AS position FROM mark WHERE thread IN (${WHOLE_ROOM}, ${MAIN_THREAD}))
SELECT ${MAIN_THREAD} AS "thread",
  coalesce((SELECT notified_total FROM events WHERE room = ? AND position <= ? ORDER BY position DESC LIMIT 1), 0)
  - coalesce((SELECT e.notified_total FROM events e WHERE e.room = ? AND e.position <= main_mark.position
      ORDER BY e.position DESC LIMIT 1), 0)
  - (SELECT count(*) FROM events e WHERE e.room = ? AND e.position > main_mark.position AND e.position <= ?
      AND e.thread IS NOT NULL AND e.notifies > 0) AS "count",
  (SELECT count(*) FROM events e WHERE e.room = ? AND e.position > main_mark.position AND e.position <= ?
      AND e.notifies = 2 AND e.thread IS NULL) AS "highlights"
FROM main_mark
UNION ALL
SELECT e.thread, count(*), sum(CASE WHEN e.notifies = 2 THEN 1 ELSE 0 END)
FROM room_mark CROSS JOIN events e LEFT JOIN mark ON mark.thread = e.thread
WHERE e.room = ? AND e.position > room_mark.position AND e.position <= ? AND e.thread IS NOT NULL AND e.notifies > 0
  AND e.position > coalesce(mark.position, 0)
GROUP BY e.thread
UNION ALL
SELECT coalesce(n.thread, ${MAIN_THREAD}), sum(n.delta), sum(n.highlight_delta)
FROM room_mark CROSS JOIN notifications n LEFT JOIN mark ON mark.thread = coalesce(n.thread, ${MAIN_THREAD})
WHERE n.user_nid = ? AND n.room = ? AND n.position > room_mark.position AND n.position <= ?
  AND n.position > coalesce(mark.position, 0)
GROUP BY coalesce(n.thread, ${MAIN_THREAD})`;

/** Of a local user who is joined, as of the stream position `upTo`. */
export const unreadCounts = async (tx: ReadTx, user: number, room: number, upTo: number): Promise<UnreadCounts> => {
  const rows = await tx.all<CountRow>(
    COUNT_SQL,
    ...[user, room],
    ...[room, upTo, room, room, upTo, room, upTo],
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
