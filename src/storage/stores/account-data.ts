// Account data, global and per room, with the stream position of its last change. Tags are the room's `m.tag`.
// Client-Server API, "Client Config".

import { tooLarge } from '../../protocol/errors/matrix-error.ts';
import type { UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx, WriteTx } from '../database.ts';
import { writer } from '../database.ts';
import { fromStoredText, toStoredText } from '../text.ts';

/** The room of global account data. */
export const GLOBAL = 0;

/** Types one room of one user (or the user globally) can hold: against scripts that store without end. */
export const TYPES_MAX = 2000;

export interface AccountDatum {
  readonly type: string;
  /** JSON text of an object. */
  readonly content: string;
  readonly position: number;
}

export interface RoomAccountDatum extends AccountDatum {
  /** GLOBAL, or the room's nid. */
  readonly room: number;
}

const COLUMNS = 'type AS "type", content AS "content", position AS "position"';

const readable = <R extends AccountDatum>(row: R): R => ({ ...row, type: fromStoredText(row.type) });

/** The content as JSON text. */
export const findAccountData = async (
  tx: ReadTx,
  user: number,
  room: number,
  type: string,
): Promise<string | undefined> => {
  const row = await tx.get<{ content: string }>(
    'SELECT content FROM account_data WHERE user_nid = ? AND room = ? AND type = ?',
    user,
    room,
    toStoredText(type),
  );
  return row?.content;
};

/** All of one room, or with room = GLOBAL all global ones. */
export const accountDataOf = async (tx: ReadTx, user: number, room: number): Promise<AccountDatum[]> =>
  (
    await tx.all<AccountDatum>(
      `SELECT ${COLUMNS} FROM account_data WHERE user_nid = ? AND room = ? ORDER BY type`,
      user,
      room,
    )
  ).map(readable);

/** Global and of all rooms, changed after `since` and up to `until`, in the order of change. */
export const accountDataSince = async (
  tx: ReadTx,
  user: number,
  since: number,
  until: number,
): Promise<RoomAccountDatum[]> =>
  (
    await tx.all<RoomAccountDatum>(
      `SELECT room AS "room", ${COLUMNS} FROM account_data
       WHERE user_nid = ? AND position > ? AND position <= ? ORDER BY position`,
      user,
      since,
      until,
    )
  ).map(readable);

/** Every content of one type in the user's rooms, e.g. all tags. */
export const accountDataOfType = (
  tx: ReadTx,
  user: number,
  type: string,
): Promise<{ room: number; content: string }[]> =>
  tx.all(
    'SELECT room AS "room", content AS "content" FROM account_data WHERE user_nid = ? AND room <> 0 AND type = ?',
    user,
    toStoredText(type),
  );

/** Writes one content (JSON text of an object) as a change of the user's stream; its position. Throws M_TOO_LARGE past TYPES_MAX. */
export const putAccountDataWithin = async (
  tx: WriteTx,
  args: { user: number; room: number; type: string; content: string },
): Promise<number> => {
  if ((await findAccountData(tx, args.user, args.room, args.type)) === undefined) {
    const { count } = (await tx.get<{ count: number }>(
      'SELECT count(*) AS "count" FROM account_data WHERE user_nid = ? AND room = ?',
      args.user,
      args.room,
    ))!;
    if (count >= TYPES_MAX) throw tooLarge(`There are ${count} types of account data already.`);
  }
  const position = await tx.nextPosition({ user: args.user });
  await tx.run(
    `INSERT INTO account_data (user_nid, room, type, content, position) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (user_nid, room, type) DO UPDATE SET content = excluded.content, position = excluded.position`,
    args.user,
    args.room,
    toStoredText(args.type),
    args.content,
    position,
  );
  return position;
};

export const putAccountData = writer('putAccountData', putAccountDataWithin);

interface Tags {
  readonly tags?: Record<string, object>;
}

const changeTags = async (
  tx: WriteTx,
  args: { user: number; room: number },
  change: (tags: Record<string, object>) => boolean,
): Promise<void> => {
  const text = await findAccountData(tx, args.user, args.room, 'm.tag');
  const content = (text === undefined ? {} : JSON.parse(text)) as Tags;
  // A client may have stored anything under m.tag.
  const known = content.tags;
  const tags: Record<string, object> = Object.assign(Object.create(null), typeof known === 'object' ? known : {});
  if (!change(tags)) return;
  await putAccountDataWithin(tx, { ...args, type: 'm.tag', content: JSON.stringify({ ...content, tags }) });
};

/** Tags a room can carry. */
export const TAGS_MAX = 100;

/** Adds or replaces one tag; `value` is a JSON text of an object. Throws M_TOO_LARGE past TAGS_MAX. */
export const putTagWithin = (
  tx: WriteTx,
  args: { user: number; room: number; tag: string; value: string },
): Promise<void> =>
  changeTags(tx, { user: args.user, room: args.room }, (tags) => {
    if (!(args.tag in tags) && Object.keys(tags).length >= TAGS_MAX) throw tooLarge('The room has too many tags.');
    tags[args.tag] = JSON.parse(args.value) as object;
    return true;
  });

export const putTag = writer('putTag', putTagWithin);

/** Does nothing when the room does not carry the tag. */
export const deleteTag = writer(
  'deleteTag',
  (tx, args: { user: number; room: number; tag: string }): Promise<void> =>
    changeTags(tx, { user: args.user, room: args.room }, (tags) => {
      const there = args.tag in tags;
      delete tags[args.tag];
      return there;
    }),
);

/** User ids in the content of m.ignored_user_list, whatever else stands there. */
export const ignoredUserIds = async (tx: ReadTx, user: number): Promise<UserId[]> => {
  const text = await findAccountData(tx, user, GLOBAL, 'm.ignored_user_list');
  if (text === undefined) return [];
  const { ignored_users: ignored } = JSON.parse(text) as { ignored_users?: unknown };
  if (typeof ignored !== 'object' || ignored === null) return [];
  return Object.keys(ignored).filter((id): id is UserId => id.startsWith('@'));
};
