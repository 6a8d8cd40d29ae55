// The accounts of this server's users: what they may do and whether they still exist.

import { userInUse } from '../../protocol/errors/matrix-error.ts';
import type { UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx, WriteTx } from '../database.ts';
import { writer } from '../database.ts';
import { deleteCrossSigningKeys } from './cross-signing.ts';
import { deleteDevicesWithin } from './device-removal.ts';
import { deviceIdsOf } from './devices.ts';
import { directoryAccountGone, indexAccount } from './directory-words.ts';
import { deleteKeyBackups } from './key-backups.ts';
import { internUser } from './names.ts';
import { spendRegistrationToken } from './registration-tokens.ts';

export interface StoredAccount {
  readonly user: number;
  readonly userId: UserId;
  readonly passwordHash: string | null;
  readonly isGuest: number;
  readonly isAdmin: number;
  readonly isLocked: number;
  readonly isSuspended: number;
  /** Their content is to be hidden from those who join later. */
  readonly isErased: number;
  /** The application service that created it. */
  readonly appservice: string | null;
  readonly createdTs: number;
  readonly deactivatedTs: number | null;
}

const SELECT_ACCOUNT = `SELECT a.user_nid AS "user", u.user_id AS "userId", a.password_hash AS "passwordHash",
  a.is_guest AS "isGuest", a.is_admin AS "isAdmin", a.is_locked AS "isLocked", a.is_suspended AS "isSuspended",
  a.is_erased AS "isErased", a.appservice AS "appservice", a.created_ts AS "createdTs",
  a.deactivated_ts AS "deactivatedTs"
  FROM users u JOIN accounts a ON a.user_nid = u.nid`;

/** Also deactivated accounts. */
export const findAccount = (tx: ReadTx, userId: UserId): Promise<StoredAccount | undefined> =>
  tx.get(`${SELECT_ACCOUNT} WHERE u.user_id = ?`, userId);

export const accountOf = (tx: ReadTx, user: number): Promise<StoredAccount | undefined> =>
  tx.get(`${SELECT_ACCOUNT} WHERE u.nid = ?`, user);

/** In the order of their user ids, after `after`, at most `limit`. */
export const listAccounts = (tx: ReadTx, after: string, limit: number): Promise<StoredAccount[]> =>
  tx.all(`${SELECT_ACCOUNT} WHERE u.user_id > ? ORDER BY u.user_id LIMIT ?`, after, limit);

/** Deactivated users who are still in rooms, or invited. */
export const deactivatedWithRooms = (tx: ReadTx): Promise<{ user: number; userId: UserId }[]> =>
  tx.all(
    `SELECT u.nid AS "user", u.user_id AS "userId" FROM accounts a JOIN users u ON u.nid = a.user_nid
     WHERE a.deactivated_ts IS NOT NULL AND EXISTS (SELECT 1 FROM memberships m
       WHERE m.user_nid = a.user_nid AND m.membership IN ('join', 'invite', 'knock'))`,
  );

export interface NewAccount {
  readonly userId: UserId;
  readonly passwordHash: string | null;
  /** The display name they begin with. */
  readonly displayname: string | null;
  readonly isGuest: boolean;
  readonly isAdmin: boolean;
  readonly appservice: string | null;
  /** The version of the terms they agreed to. */
  readonly termsVersion: string | null;
  /** A use of it is spent with the account. */
  readonly registrationToken: string | null;
  readonly now: number;
}

/** The new user's nid. Throws M_USER_IN_USE, also for deactivated accounts, and M_FORBIDDEN for a token that is used up. */
export const createAccount = writer('createAccount', async (tx, args: NewAccount): Promise<number> => {
  const user = await internUser(tx, args.userId);
  const created = await tx.run(
    `INSERT INTO accounts (user_nid, password_hash, is_guest, is_admin, appservice, terms_version, created_ts)
     VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    user,
    args.passwordHash,
    args.isGuest ? 1 : 0,
    args.isAdmin ? 1 : 0,
    args.appservice,
    args.termsVersion,
    args.now,
  );
  if (created === 0) throw userInUse('User ID already taken.');
  if (args.registrationToken !== null) await spendRegistrationToken(tx, args.registrationToken, args.now);
  if (args.displayname !== null) {
    await tx.run(
      `INSERT INTO profile_fields (user_nid, name, value) VALUES (?, 'displayname', ?)`,
      user,
      JSON.stringify(args.displayname),
    );
  }
  if (!args.isGuest) await indexAccount(tx, user, args.userId, args.displayname ?? undefined);
  return user;
});

/** Guest Access: "Guest users can also upgrade their account". Does nothing to an account that is no guest. */
export const upgradeGuest = writer(
  'upgradeGuest',
  async (
    tx,
    args: { user: number; userId: UserId; passwordHash: string | null; registrationToken: string | null; now: number },
  ) => {
    const upgraded = await tx.run(
      'UPDATE accounts SET is_guest = 0, password_hash = ? WHERE user_nid = ? AND is_guest = 1 AND deactivated_ts IS NULL',
      args.passwordHash,
      args.user,
    );
    if (upgraded === 0) throw userInUse('User ID already taken.');
    if (args.registrationToken !== null) await spendRegistrationToken(tx, args.registrationToken, args.now);
    await indexAccount(tx, args.user, args.userId, undefined);
    await tx.nextPosition({ user: args.user });
  },
);

/** Wakes nobody: tokens stay as they are. */
export const setPasswordHash = writer(
  'setPasswordHash',
  async (tx, args: { user: number; passwordHash: string }): Promise<void> => {
    await tx.run(
      'UPDATE accounts SET password_hash = ? WHERE user_nid = ? AND deactivated_ts IS NULL',
      args.passwordHash,
      args.user,
    );
  },
);

export interface AccountFlags {
  readonly isAdmin?: boolean;
  readonly isLocked?: boolean;
  readonly isSuspended?: boolean;
}

const FLAG_COLUMNS = [
  ['isAdmin', 'is_admin'],
  ['isLocked', 'is_locked'],
  ['isSuspended', 'is_suspended'],
] as const;

/** Sets the flags that are given. The user's change tells every process to forget what it remembers of their tokens. */
export const setAccountFlags = writer(
  'setAccountFlags',
  async (tx, args: { user: number; flags: AccountFlags }): Promise<void> => {
    for (const [flag, column] of FLAG_COLUMNS) {
      const value = args.flags[flag];
      if (value === undefined) continue;
      await tx.run(`UPDATE accounts SET ${column} = ? WHERE user_nid = ?`, value ? 1 : 0, args.user);
    }
    await tx.nextPosition({ user: args.user });
  },
);

/** Tables of which a deactivated user keeps nothing. */
const PERSONAL_TABLES = ['profile_fields', 'account_data', 'filters', 'short_tokens'] as const;

const removePersonalData = async (tx: WriteTx, user: number): Promise<void> => {
  for (const table of PERSONAL_TABLES) await tx.run(`DELETE FROM ${table} WHERE user_nid = ?`, user);
};

/**
 * Ends the account: devices with all that hangs on them, tokens, password, profile and account data go, the id stays
 * taken. Answers the devices removed; undefined when it was deactivated before.
 */
export const deactivateAccount = writer(
  'deactivateAccount',
  async (tx, args: { user: number; erase: boolean; now: number }): Promise<string[] | undefined> => {
    const changed = await tx.run(
      `UPDATE accounts SET deactivated_ts = ?, password_hash = NULL, is_admin = 0, is_erased = ?
       WHERE user_nid = ? AND deactivated_ts IS NULL`,
      args.now,
      args.erase ? 1 : 0,
      args.user,
    );
    if (changed === 0) return undefined;
    const devices = await deviceIdsOf(tx, args.user);
    await deleteDevicesWithin(tx, args.user, devices);
    await deleteCrossSigningKeys(tx, args.user);
    await deleteKeyBackups(tx, args.user);
    await removePersonalData(tx, args.user);
    await directoryAccountGone(tx, args.user);
    await tx.nextPosition({ user: args.user });
    return devices;
  },
);
