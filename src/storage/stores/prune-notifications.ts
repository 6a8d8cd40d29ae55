// Forgets what single users' rules said of events that they have read long ago, so that the table does not grow for ever.

import { writer } from '../database.ts';
import { MAIN_THREAD, WHOLE_ROOM } from './read-marks.ts';

export interface PruneStep {
  /** Rows up to this position were looked at. */
  readonly after: number;
  /** Only events sent before this (milliseconds). */
  readonly before: number;
  readonly limit: number;
}

/**
 * Looks at the next `limit` rows; the position to go on after, or undefined at the end. Of each user and room the latest row
 * that is read stays: it holds the running sums that the unread counts begin from.
 */
export const pruneNotifications = writer(
  'pruneNotifications',
  async (tx, { after, before, limit }: PruneStep): Promise<number | undefined> => {
    const looked = await tx.all<{ position: number }>(
      'SELECT position AS "position" FROM notifications WHERE position > ? ORDER BY position LIMIT ?',
      after,
      limit,
    );
    const upTo = looked.at(-1)?.position;
    if (upTo === undefined) return undefined;
    await tx.run(
      `DELETE FROM notifications WHERE position > ? AND position <= ?
         AND EXISTS (SELECT 1 FROM events e WHERE e.nid = notifications.event AND e.origin_server_ts < ?)
         AND EXISTS (
           SELECT 1 FROM read_marks r JOIN notifications later ON later.user_nid = r.user_nid AND later.room = r.room
           WHERE r.user_nid = notifications.user_nid AND r.room = notifications.room
             AND (r.thread = ${WHOLE_ROOM} OR (r.thread = ${MAIN_THREAD} AND notifications.thread IS NULL))
             AND later.position > notifications.position AND later.position <= r.position)`,
      after,
      upTo,
      before,
    );
    return looked.length < limit ? undefined : upTo;
  },
);
