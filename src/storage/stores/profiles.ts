// Profiles of this server's users: free fields of JSON values. Client-Server API, "Profiles".

import { profileTooLarge } from '../../protocol/errors/matrix-error.ts';
import type { UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx, WriteTx } from '../database.ts';
import { writer } from '../database.ts';
import { fromStoredText, toStoredText } from '../text.ts';
import { indexAccount } from './directory-words.ts';

/** "the total profile MUST be under 64 KiB" */
export const PROFILE_SIZE_BYTES_MAX = 65_536;

export interface ProfileField {
  readonly name: string;
  /** JSON text. */
  readonly value: string;
}

/** In the order of their names. */
export const profileFieldsOf = async (tx: ReadTx, user: number): Promise<ProfileField[]> => {
  const rows = await tx.all<ProfileField>(
    'SELECT name AS "name", value AS "value" FROM profile_fields WHERE user_nid = ? ORDER BY name',
    user,
  );
  return rows.map(({ name, value }) => ({ name: fromStoredText(name), value }));
};

export interface Profile {
  readonly displayname?: string;
  readonly avatarUrl?: string;
}

/** What member events say of the user. */
export const profileOf = async (tx: ReadTx, user: number): Promise<Profile> => {
  const rows = await tx.all<ProfileField>(
    `SELECT name AS "name", value AS "value" FROM profile_fields
     WHERE user_nid = ? AND name IN ('displayname', 'avatar_url')`,
    user,
  );
  const text = (name: string): string | undefined => {
    const row = rows.find((field) => field.name === name);
    const value: unknown = row && JSON.parse(row.value);
    return typeof value === 'string' ? value : undefined;
  };
  const displayname = text('displayname');
  const avatarUrl = text('avatar_url');
  return { ...(displayname !== undefined && { displayname }), ...(avatarUrl !== undefined && { avatarUrl }) };
};

const sizeBytes = (fields: readonly ProfileField[]): number =>
  fields.reduce(
    (sum, { name, value }) => sum + Buffer.byteLength(JSON.stringify(name)) + Buffer.byteLength(value) + 2,
    2,
  );

const indexed = async (tx: WriteTx, user: number, userId: UserId): Promise<void> =>
  indexAccount(tx, user, userId, (await profileOf(tx, user)).displayname);

/** Whether something changed. Throws M_PROFILE_TOO_LARGE. */
export const putProfileField = writer(
  'putProfileField',
  async (tx, args: { user: number; userId: UserId; name: string; value: string }): Promise<boolean> => {
    const fields = await profileFieldsOf(tx, args.user);
    if (fields.some((field) => field.name === args.name && field.value === args.value)) return false;
    const rest = fields.filter((field) => field.name !== args.name);
    if (sizeBytes([...rest, { name: args.name, value: args.value }]) >= PROFILE_SIZE_BYTES_MAX) {
      throw profileTooLarge('The profile would exceed 64 KiB.');
    }
    await tx.run(
      `INSERT INTO profile_fields (user_nid, name, value) VALUES (?, ?, ?)
       ON CONFLICT (user_nid, name) DO UPDATE SET value = excluded.value`,
      args.user,
      toStoredText(args.name),
      args.value,
    );
    if (args.name === 'displayname') await indexed(tx, args.user, args.userId);
    return true;
  },
);

/** Whether it was there. */
export const deleteProfileField = writer(
  'deleteProfileField',
  async (tx, args: { user: number; userId: UserId; name: string }): Promise<boolean> => {
    const deleted = await tx.run(
      'DELETE FROM profile_fields WHERE user_nid = ? AND name = ?',
      args.user,
      toStoredText(args.name),
    );
    if (args.name === 'displayname') await indexed(tx, args.user, args.userId);
    return deleted > 0;
  },
);
