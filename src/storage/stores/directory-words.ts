// The user directory's index: folded words of user ids and display names.
// Local users are indexed as their profiles change, remote ones as their member events arrive.

import { wordsForIndex } from '../../lib/fold-words.ts';
import type { UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx, WriteTx } from '../database.ts';
import { writer } from '../database.ts';
import { toStoredText } from '../text.ts';

/** Words that everybody may find who sees the user at all. */
const PUBLIC = 0;

const replaceWords = async (tx: WriteTx, user: number, room: number, words: readonly string[]): Promise<void> => {
  await tx.run('DELETE FROM directory_words WHERE user_nid = ? AND room = ?', user, room);
  await tx.runMany(
    'INSERT INTO directory_words (word, user_nid, room) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
    [...new Set(words)].map((word) => [toStoredText(word), user, room]),
  );
};

/** The whole id (folded, found by "@ali") and the words of its localpart. */
const wordsOfId = (userId: UserId): string[] => {
  const colon = userId.indexOf(':');
  return [userId.toLowerCase(), ...wordsForIndex(userId.slice(1, colon))];
};

/** A local user's public words, after creation or a change of the display name. */
export const indexAccount = (
  tx: WriteTx,
  user: number,
  userId: UserId,
  displayname: string | undefined,
): Promise<void> =>
  replaceWords(tx, user, PUBLIC, [
    ...wordsOfId(userId),
    ...(displayname === undefined ? [] : wordsForIndex(displayname)),
  ]);

export const directoryAccountGone = async (tx: WriteTx, user: number): Promise<void> => {
  await tx.run('DELETE FROM directory_words WHERE user_nid = ?', user);
};

interface MemberRow {
  readonly user: number;
  readonly userId: UserId;
  readonly room: number;
  readonly membership: string;
  readonly isLocal: number;
  readonly position: number;
  readonly content: string;
}

const indexMember = async (tx: WriteTx, row: MemberRow): Promise<void> => {
  if (row.membership !== 'join') return replaceWords(tx, row.user, row.room, []);
  const { displayname } = JSON.parse(row.content) as { displayname?: unknown };
  await tx.runMany(
    'INSERT INTO directory_words (word, user_nid, room) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
    wordsOfId(row.userId).map((word) => [toStoredText(word), row.user, PUBLIC]),
  );
  await replaceWords(tx, row.user, row.room, typeof displayname === 'string' ? wordsForIndex(displayname) : []);
};

const cursor = async (tx: ReadTx): Promise<number> =>
  (await tx.get<{ position: number }>('SELECT position AS "position" FROM directory_cursor WHERE id = 1'))!.position;

/** Whether memberships changed after the directory's cursor. */
export const hasMembersToIndex = async (tx: ReadTx): Promise<boolean> =>
  (await tx.get('SELECT position FROM memberships WHERE position > ? LIMIT 1', await cursor(tx))) !== undefined;

/** Indexes the member events of remote users that follow the directory's cursor, and moves it. */
export const indexMembers = writer('indexMembers', async (tx, limit: number): Promise<void> => {
  const rows = await tx.all<MemberRow>(
    `SELECT m.user_nid AS "user", u.user_id AS "userId", m.room AS "room", m.membership AS "membership",
       m.is_local AS "isLocal", m.position AS "position", e.content AS "content"
     FROM memberships m JOIN users u ON u.nid = m.user_nid JOIN events e ON e.nid = m.event
     WHERE m.position > ? ORDER BY m.position LIMIT ?`,
    await cursor(tx),
    limit,
  );
  for (const row of rows) if (row.isLocal === 0) await indexMember(tx, row);
  const last = rows.at(-1);
  if (last) await tx.run('UPDATE directory_cursor SET position = ? WHERE id = 1', last.position);
});
