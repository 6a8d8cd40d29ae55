// Interned strings: users, event types and state keys get small integers, and the rows of other tables hold those.

import type { UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx, WriteTx } from '../database.ts';
import { writer } from '../database.ts';
import { toStoredText } from '../text.ts';

interface Nid {
  nid: number;
}

export interface NamesWanted {
  readonly users: readonly UserId[];
  readonly types: readonly string[];
  readonly stateKeys: readonly (readonly [type: string, stateKey: string])[];
}

/** In the order of the names. */
export interface NameNids {
  readonly users: number[];
  readonly types: number[];
  readonly stateKeys: number[];
}

/** The user's nid; gives them one if they have none. */
export const internUser = async (tx: WriteTx, userId: UserId): Promise<number> => {
  const known = await tx.get<Nid>('SELECT nid FROM users WHERE user_id = ?', userId);
  return known?.nid ?? (await tx.get<Nid>('INSERT INTO users (user_id) VALUES (?) RETURNING nid', userId))!.nid;
};

export const internEventType = async (tx: WriteTx, type: string): Promise<number> => {
  const text = toStoredText(type);
  const known = await tx.get<Nid>('SELECT nid FROM event_types WHERE type = ?', text);
  return known?.nid ?? (await tx.get<Nid>('INSERT INTO event_types (type) VALUES (?) RETURNING nid', text))!.nid;
};

export const internStateKey = async (tx: WriteTx, type: string, stateKey: string): Promise<number> => {
  const names = [toStoredText(type), toStoredText(stateKey)] as const;
  const known = await tx.get<Nid>('SELECT nid FROM state_keys WHERE type = ? AND state_key = ?', ...names);
  if (known) return known.nid;
  return (await tx.get<Nid>('INSERT INTO state_keys (type, state_key) VALUES (?, ?) RETURNING nid', ...names))!.nid;
};

export const findUser = async (tx: ReadTx, userId: UserId): Promise<number | undefined> =>
  (await tx.get<Nid>('SELECT nid FROM users WHERE user_id = ?', userId))?.nid;

/** nids by user id; users that nothing here ever named are absent. */
export const findUsers = async (tx: ReadTx, userIds: readonly UserId[]): Promise<Map<UserId, number>> => {
  if (userIds.length === 0) return new Map();
  const rows = await tx.all<{ nid: number; userId: UserId }>(
    `SELECT nid AS "nid", user_id AS "userId" FROM users WHERE ${tx.dialect.anyText('user_id')}`,
    tx.dialect.list(userIds),
  );
  return new Map(rows.map((row) => [row.userId, row.nid]));
};

/** User ids in the order of their nids. */
export const userIdsOf = async (tx: ReadTx, users: readonly number[]): Promise<UserId[]> => {
  if (users.length === 0) return [];
  const rows = await tx.all<{ userId: UserId }>(
    `SELECT user_id AS "userId" FROM users WHERE ${tx.dialect.anyInt('nid')} ORDER BY nid`,
    tx.dialect.list(users),
  );
  return rows.map((row) => row.userId);
};

/** Under which state-key nid each user's m.room.member stands; users that no such event names are absent. */
export const memberKeysOf = async (tx: ReadTx, users: readonly number[]): Promise<Map<number, number>> => {
  if (users.length === 0) return new Map();
  const rows = await tx.all<{ user: number; key: number }>(
    `SELECT u.nid AS "user", k.nid AS "key" FROM users u
     JOIN state_keys k ON k.type = 'm.room.member' AND k.state_key = u.user_id WHERE ${tx.dialect.anyInt('u.nid')}`,
    tx.dialect.list(users),
  );
  return new Map(rows.map((row) => [row.user, row.key]));
};

export const findStateKey = async (tx: ReadTx, type: string, stateKey: string): Promise<number | undefined> =>
  (
    await tx.get<Nid>(
      'SELECT nid FROM state_keys WHERE type = ? AND state_key = ?',
      toStoredText(type),
      toStoredText(stateKey),
    )
  )?.nid;

export const internAll = async (tx: WriteTx, names: NamesWanted): Promise<NameNids> => {
  const users = await internUsers(tx, names.users);
  const types: number[] = [];
  for (const type of names.types) types.push(await internEventType(tx, type));
  const keys = new Map<string, Map<string, number>>();
  for (const [type, stateKeys] of byType(names.stateKeys)) keys.set(type, await internKeysOf(tx, type, stateKeys));
  return {
    users: names.users.map((userId) => users.get(userId)!),
    types,
    stateKeys: names.stateKeys.map(([type, key]) => keys.get(type)!.get(key)!),
  };
};

/** Interns what a room operation is about to name, all in one commit. */
export const internNames = writer('internNames', internAll);

const internUsers = async (tx: WriteTx, userIds: readonly UserId[]): Promise<Map<UserId, number>> => {
  const found = await findUsers(tx, userIds);
  const absent = [...new Set(userIds.filter((userId) => !found.has(userId)))];
  if (absent.length === 0) return found;
  await tx.runMany(
    'INSERT INTO users (user_id) VALUES (?)',
    absent.map((userId) => [userId]),
  );
  return new Map([...found, ...(await findUsers(tx, absent))]);
};

const byType = (stateKeys: readonly (readonly [string, string])[]): Map<string, Set<string>> => {
  const types = new Map<string, Set<string>>();
  for (const [type, key] of stateKeys) {
    const keys = types.get(type) ?? new Set();
    types.set(type, keys.add(key));
  }
  return types;
};

/** nids by state key, of one event type. */
const internKeysOf = async (tx: WriteTx, type: string, stateKeys: Iterable<string>): Promise<Map<string, number>> => {
  const storedType = toStoredText(type);
  const texts = new Map([...stateKeys].map((key) => [toStoredText(key), key]));
  const found = await findKeysOf(tx, storedType, [...texts.keys()]);
  const absent = [...texts.keys()].filter((text) => !found.has(text));
  if (absent.length > 0) {
    await tx.runMany(
      'INSERT INTO state_keys (type, state_key) VALUES (?, ?)',
      absent.map((text) => [storedType, text]),
    );
    for (const [text, nid] of await findKeysOf(tx, storedType, absent)) found.set(text, nid);
  }
  return new Map([...found].map(([text, nid]) => [texts.get(text)!, nid]));
};

const findKeysOf = async (tx: ReadTx, type: string, stateKeys: readonly string[]): Promise<Map<string, number>> => {
  const rows = await tx.all<{ nid: number; key: string }>(
    `SELECT nid AS "nid", state_key AS "key" FROM state_keys WHERE type = ? AND ${tx.dialect.anyText('state_key')}`,
    type,
    tx.dialect.list(stateKeys),
  );
  return new Map(rows.map(({ key, nid }) => [key, nid]));
};
