// Up to where local users have read: the room as a whole, its main timeline, its threads. Raised by receipts, by what they send
// and by their join; read by the unread counts. Client-Server API, "Marking notifications as read".

import type { ReadTx, WriteTx } from '../database.ts';

/** The `thread` of a mark for everything, whatever its thread: unthreaded receipts and the join. */
export const WHOLE_ROOM = -1;
/** The `thread` of the main timeline. Others are the nids of the threads' root events. */
export const MAIN_THREAD = 0;

export interface ReadMark {
  readonly user: number;
  readonly room: number;
  readonly thread: number;
  readonly position: number;
}

/** Marks never go back. */
export const raiseReadMark = async (tx: WriteTx, mark: ReadMark): Promise<void> => {
  await tx.run(
    `INSERT INTO read_marks (user_nid, room, thread, position) VALUES (?, ?, ?, ?)
     ON CONFLICT (user_nid, room, thread) DO UPDATE SET position = excluded.position
     WHERE excluded.position > read_marks.position`,
    mark.user,
    mark.room,
    mark.thread,
    mark.position,
  );
  if (mark.thread !== WHOLE_ROOM) return;
  await tx.run(
    'DELETE FROM read_marks WHERE user_nid = ? AND room = ? AND thread <> ? AND position <= ?',
    mark.user,
    mark.room,
    WHOLE_ROOM,
    mark.position,
  );
};

/** The position up to which the user has read the thread (MAIN_THREAD or a root's nid); 0 for never. */
export const readMarkOf = async (tx: ReadTx, user: number, room: number, thread: number): Promise<number> => {
  const row = await tx.get<{ position: number | null }>(
    'SELECT max(position) AS "position" FROM read_marks WHERE user_nid = ? AND room = ? AND thread IN (?, ?)',
    user,
    room,
    WHOLE_ROOM,
    thread,
  );
  return row?.position ?? 0;
};
