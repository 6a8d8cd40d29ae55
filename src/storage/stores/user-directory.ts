// Search in the user directory, and who may see whom there. Client-Server API, "User Directory".

import type { UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx, SqlValue } from '../database.ts';
import { toStoredText } from '../text.ts';

/** Index rows one search looks at: more than anybody reads, few enough for one letter in a large server. */
const ROWS_MAX = 10_000;
const CANDIDATES_MAX = 1000;

/** Sorts after every word that begins with `prefix`. */
const endOf = (prefix: string): string => `${prefix}\u{10ffff}`;

const range = (prefix: string): [string, string] => {
  const stored = toStoredText(prefix);
  return [stored, endOf(stored)];
};

/** A word from a room's member event counts for those who may look into the room. */
const VISIBLE_WORD = `(w.room = 0
  OR EXISTS (SELECT 1 FROM memberships m WHERE m.user_nid = ? AND m.room = w.room AND m.membership = 'join')
  OR EXISTS (SELECT 1 FROM rooms r WHERE r.nid = w.room AND r.is_public = 1))`;

/** Users whose words begin with all of `prefixes`, in the order of the words; not `searcher`. */
export const findByWords = async (tx: ReadTx, searcher: number, prefixes: readonly string[]): Promise<number[]> => {
  const [first, ...others] = prefixes;
  if (first === undefined) return [];
  const params: SqlValue[] = [...range(first), searcher, searcher];
  const conditions = others.map((prefix) => {
    params.push(...range(prefix));
    return `AND EXISTS (SELECT 1 FROM directory_words o WHERE o.user_nid = w.user_nid AND (o.room = w.room OR o.room = 0)
      AND o.word >= ? AND o.word < ?)`;
  });
  const rows = await tx.all<{ user: number }>(
    `SELECT w.user_nid AS "user" FROM (
       SELECT word, user_nid, room FROM directory_words WHERE word >= ? AND word < ? ORDER BY word LIMIT ${ROWS_MAX}
     ) w WHERE w.user_nid <> ? AND ${VISIBLE_WORD} ${conditions.join(' ')}
     ORDER BY w.word LIMIT ${CANDIDATES_MAX}`,
    ...params,
  );
  return [...new Set(rows.map((row) => row.user))];
};

export interface SeenUser {
  readonly user: number;
  readonly userId: UserId;
  /** They share a room with the searcher, or are in a published room. */
  readonly isVisible: number;
}

/** Of `users`, those that have an account in good standing or are remote, and whether memberships alone make them visible. */
export const seenUsers = (tx: ReadTx, searcher: number, users: readonly number[]): Promise<SeenUser[]> =>
  tx.all(
    `SELECT u.nid AS "user", u.user_id AS "userId", CASE WHEN EXISTS (
       SELECT 1 FROM memberships theirs JOIN memberships mine ON mine.room = theirs.room
       WHERE theirs.user_nid = u.nid AND theirs.membership = 'join' AND mine.user_nid = ? AND mine.membership = 'join'
     ) OR EXISTS (
       SELECT 1 FROM memberships theirs JOIN rooms r ON r.nid = theirs.room
       WHERE theirs.user_nid = u.nid AND theirs.membership = 'join' AND r.is_public = 1
     ) THEN 1 ELSE 0 END AS "isVisible"
     FROM users u LEFT JOIN accounts a ON a.user_nid = u.nid
     WHERE ${tx.dialect.anyInt('u.nid')}
       AND (a.user_nid IS NULL OR (a.deactivated_ts IS NULL AND a.is_locked = 0 AND a.is_guest = 0))`,
    searcher,
    tx.dialect.list(users),
  );

/** nids of rooms the user is joined to, at most `limit`. */
export const someJoinedRooms = async (tx: ReadTx, user: number, limit: number): Promise<number[]> => {
  const rows = await tx.all<{ room: number }>(
    `SELECT room AS "room" FROM memberships WHERE user_nid = ? AND membership = 'join' LIMIT ?`,
    user,
    limit,
  );
  return rows.map((row) => row.room);
};

/** Content (JSON text) of a remote user's member event in a room that the searcher may look into; the latest. */
export const visibleMemberContent = async (tx: ReadTx, searcher: number, user: number): Promise<string | undefined> => {
  const row = await tx.get<{ content: string }>(
    `SELECT e.content AS "content" FROM memberships m JOIN events e ON e.nid = m.event
     WHERE m.user_nid = ? AND m.membership = 'join' AND (
       EXISTS (SELECT 1 FROM memberships mine WHERE mine.user_nid = ? AND mine.room = m.room AND mine.membership = 'join')
       OR EXISTS (SELECT 1 FROM rooms r WHERE r.nid = m.room AND r.is_public = 1))
     ORDER BY m.position DESC LIMIT 1`,
    user,
    searcher,
  );
  return row?.content;
};
