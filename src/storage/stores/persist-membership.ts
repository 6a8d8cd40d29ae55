// What a persist changes of memberships, and of what members have read.

import { slicesOf } from '../../lib/slices-of.ts';
import type { WriteTx } from '../database.ts';
import { membershipOf } from './memberships.ts';
import type { EventRow, MembershipRow } from './persist-rows.ts';
import { MAIN_THREAD, raiseReadMark, WHOLE_ROOM } from './read-marks.ts';

/**
 * Whoever sends into a timeline has read it: "When the user updates their read receipt (either by using the API or by sending
 * an event), notifications prior to and including that event MUST be marked as read." Not by state, which profiles change.
 */
export const noteSender = (tx: WriteTx, room: number, event: EventRow, position: number): Promise<number> =>
  tx.run(
    `INSERT INTO read_marks (user_nid, room, thread, position)
     SELECT user_nid, room, CAST(? AS BIGINT), CAST(? AS BIGINT) FROM memberships
     WHERE user_nid = ? AND room = ? AND is_local = 1
     ON CONFLICT (user_nid, room, thread) DO UPDATE SET position = excluded.position`,
    event.thread ?? MAIN_THREAD,
    position,
    event.sender,
    room,
  );

/** Rows made for the database at once: a room that is made whole has all of its members. */
const CHUNK = 1000;

export const upsertMemberships = async (
  tx: WriteTx,
  room: number,
  rows: readonly MembershipRow[],
  position: number,
): Promise<void> => {
  for (const row of rows) {
    if (row.isLocal && row.membership === 'join') await countFromJoin(tx, room, row.user, position);
  }
  for (const some of slicesOf(rows, CHUNK)) {
    await tx.runMany(
      `INSERT INTO memberships (user_nid, room, membership, event, sender, position, is_local, since_position)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (user_nid, room) DO UPDATE SET membership = excluded.membership, event = excluded.event,
         sender = excluded.sender, position = excluded.position, forgotten = 0, since_position =
         CASE WHEN memberships.membership = excluded.membership THEN memberships.since_position ELSE excluded.position END`,
      some.map(({ user, membership, event, sender, isLocal }) => [
        ...[user, room, membership, event, sender, position],
        ...[isLocal ? 1 : 0, position],
      ]),
    );
  }
};

/** What happened before a user joined is not unread. */
const countFromJoin = async (tx: WriteTx, room: number, user: number, position: number): Promise<void> => {
  const before = await membershipOf(tx, user, room);
  if (before?.membership === 'join') return;
  await tx.run('DELETE FROM read_marks WHERE user_nid = ? AND room = ?', user, room);
  await raiseReadMark(tx, { user, room, thread: WHOLE_ROOM, position });
};
