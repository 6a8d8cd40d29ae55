// Encrypted copies of room keys that devices leave with the server. Client-Server API, "Server-side key backups".

import { notFound, tooLarge, wrongRoomKeysVersion } from '../../protocol/errors/matrix-error.ts';
import type { ReadTx, SqlValue, WriteTx } from '../database.ts';
import { writer } from '../database.ts';
import { fromStoredText, toStoredText } from '../text.ts';

/** Backups of a user that are not deleted; clients delete the one they replace. */
const BACKUPS_MAX = 50;
/** Sessions of one backup. */
const SESSIONS_MAX = 1_000_000;
/** Sessions that one writer deletes, so that it holds up nobody for long. */
const DELETED_AT_ONCE = 2_000;

/** What clients compare to see whether another one has changed the backup. */
export interface BackupState {
  readonly etag: number;
  readonly sessionCount: number;
}

export interface StoredKeyBackup extends BackupState {
  readonly nid: number;
  /** Counts up from 1 for each user; clients see it as a string. */
  readonly version: number;
  readonly algorithm: string;
  /** JSON text. */
  readonly authData: string;
}

const SELECT_BACKUP = `SELECT nid AS "nid", version AS "version", algorithm AS "algorithm", auth_data AS "authData",
  etag AS "etag", session_count AS "sessionCount" FROM key_backups`;

/** The most recently created one; keys are written to it alone. */
export const currentKeyBackup = (tx: ReadTx, user: number): Promise<StoredKeyBackup | undefined> =>
  tx.get(`${SELECT_BACKUP} WHERE user_nid = ? AND deletion = 0 ORDER BY version DESC LIMIT 1`, user);

export const findKeyBackup = (tx: ReadTx, user: number, version: number): Promise<StoredKeyBackup | undefined> =>
  tx.get(`${SELECT_BACKUP} WHERE user_nid = ? AND version = ? AND deletion = 0`, user, version);

const requireBackup = async (tx: ReadTx, user: number, version: number): Promise<StoredKeyBackup> => {
  const backup = await findKeyBackup(tx, user, version);
  if (!backup) throw notFound('Unknown backup version');
  return backup;
};

/** Returns its version. Throws M_TOO_LARGE when the user has too many. */
export const createKeyBackup = writer(
  'createKeyBackup',
  async (tx, args: { user: number; algorithm: string; authData: string }): Promise<number> => {
    const row = await tx.get<{ last: number; live: number }>(
      `SELECT coalesce(max(version), 0) AS "last", count(CASE WHEN deletion = 0 THEN 1 END) AS "live"
       FROM key_backups WHERE user_nid = ?`,
      args.user,
    );
    if (row!.live >= BACKUPS_MAX) throw tooLarge('There are too many backups; delete those no longer needed.');
    const version = row!.last + 1;
    await tx.run(
      'INSERT INTO key_backups (user_nid, version, algorithm, auth_data) VALUES (?, ?, ?, ?)',
      args.user,
      version,
      toStoredText(args.algorithm),
      args.authData,
    );
    return version;
  },
);

/** False: no such backup. */
export const setKeyBackupAuthData = writer(
  'setKeyBackupAuthData',
  async (tx, args: { user: number; version: number; authData: string }): Promise<boolean> => {
    const changed = await tx.run(
      'UPDATE key_backups SET auth_data = ? WHERE user_nid = ? AND version = ? AND deletion = 0',
      args.authData,
      args.user,
      args.version,
    );
    return changed > 0;
  },
);

/** Its sessions are out of reach at once; purgeDeletedKeyBackups removes them. False: there never was such a backup. */
export const deleteKeyBackup = writer(
  'deleteKeyBackup',
  async (tx, args: { user: number; version: number }): Promise<boolean> => {
    await tx.run(
      `UPDATE key_backups SET deletion = 1, auth_data = '{}' WHERE user_nid = ? AND version = ? AND deletion = 0`,
      args.user,
      args.version,
    );
    const row = await tx.get<{ last: number | null }>(
      'SELECT max(version) AS "last" FROM key_backups WHERE user_nid = ?',
      args.user,
    );
    return args.version <= (row?.last ?? 0);
  },
);

/** Deletes all backups of a user whose account ends. */
export const deleteKeyBackups = (tx: WriteTx, user: number): Promise<number> =>
  tx.run(`UPDATE key_backups SET deletion = 1, auth_data = '{}' WHERE user_nid = ? AND deletion = 0`, user);

/** Removes some of what deleted backups left; true: there is more, call again. */
export const purgeDeletedKeyBackups = writer('purgeDeletedKeyBackups', async (tx): Promise<boolean> => {
  const backup = await tx.get<{ nid: number; user: number; version: number }>(
    'SELECT nid AS "nid", user_nid AS "user", version AS "version" FROM key_backups WHERE deletion = 1 LIMIT 1',
  );
  if (!backup) return false;
  const { isDone } = await deleteSome(tx, { backup: backup.nid });
  if (!isDone) return true;
  await tx.run('UPDATE key_backups SET deletion = 2 WHERE nid = ?', backup.nid);
  await tx.run(
    `DELETE FROM key_backups WHERE user_nid = ? AND deletion = 2 AND version <
       (SELECT max(version) FROM key_backups WHERE user_nid = ?)`,
    backup.user,
    backup.user,
  );
  return true;
});

export interface BackupSession {
  readonly roomId: string;
  readonly sessionId: string;
  readonly firstMessageIndex: number;
  readonly forwardedCount: number;
  readonly isVerified: boolean;
  /** JSON text. */
  readonly sessionData: string;
}

const stateOf = ({ etag, sessionCount }: StoredKeyBackup): BackupState => ({ etag, sessionCount });

const noteChanges = async (tx: WriteTx, backup: StoredKeyBackup, added: number): Promise<BackupState> =>
  (await tx.get<BackupState>(
    `UPDATE key_backups SET etag = etag + 1, session_count = session_count + ? WHERE nid = ?
     RETURNING etag AS "etag", session_count AS "sessionCount"`,
    added,
    backup.nid,
  ))!;

/** Throws M_NOT_FOUND for an unknown backup, M_WRONG_ROOM_KEYS_VERSION for one that is not the current one. */
export const putBackupSessions = writer(
  'putBackupSessions',
  async (tx, args: { user: number; version: number; sessions: readonly BackupSession[] }): Promise<BackupState> => {
    const backup = await requireBackup(tx, args.user, args.version);
    const current = (await currentKeyBackup(tx, args.user))!;
    if (current.nid !== backup.nid) throw wrongRoomKeysVersion('Wrong backup version.', String(current.version));
    if (backup.sessionCount + args.sessions.length > SESSIONS_MAX) throw tooLarge('The backup is full.');
    let added = 0;
    let replaced = 0;
    for (const session of args.sessions) {
      const inserted = await insertSession(tx, backup.nid, session);
      if (inserted === 1) added++;
      else replaced += await replaceSession(tx, backup.nid, session);
    }
    return added + replaced > 0 ? noteChanges(tx, backup, added) : stateOf(backup);
  },
);

const insertSession = (tx: WriteTx, backup: number, session: BackupSession): Promise<number> =>
  tx.run(
    `INSERT INTO key_backup_sessions (backup, room_id, session_id, first_message_index, forwarded_count, is_verified,
       session_data) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    backup,
    toStoredText(session.roomId),
    toStoredText(session.sessionId),
    session.firstMessageIndex,
    session.forwardedCount,
    session.isVerified ? 1 : 0,
    session.sessionData,
  );

/**
 * "if the keys have different values for is_verified, then it will keep the key that has is_verified set to true; if they
 * have the same values for is_verified, then it will keep the key with a lower first_message_index; and finally, if
 * is_verified and first_message_index are equal, then it will keep the key with a lower forwarded_count."
 */
const replaceSession = (tx: WriteTx, backup: number, session: BackupSession): Promise<number> => {
  const { firstMessageIndex, forwardedCount } = session;
  const isVerified = session.isVerified ? 1 : 0;
  return tx.run(
    `UPDATE key_backup_sessions SET first_message_index = ?, forwarded_count = ?, is_verified = ?, session_data = ?
     WHERE backup = ? AND room_id = ? AND session_id = ? AND (is_verified < ? OR (is_verified = ? AND
       (first_message_index > ? OR (first_message_index = ? AND forwarded_count > ?))))`,
    firstMessageIndex,
    forwardedCount,
    isVerified,
    session.sessionData,
    backup,
    toStoredText(session.roomId),
    toStoredText(session.sessionId),
    isVerified,
    isVerified,
    firstMessageIndex,
    firstMessageIndex,
    forwardedCount,
  );
};

/** One session, those of a room, or all. */
export interface BackupPart {
  readonly roomId?: string;
  readonly sessionId?: string;
}

const wherePart = ({ backup, roomId, sessionId }: BackupPart & { backup: number }): [string, SqlValue[]] => {
  const where = ['backup = ?'];
  const params: SqlValue[] = [backup];
  if (roomId !== undefined) {
    where.push('room_id = ?');
    params.push(toStoredText(roomId));
  }
  if (sessionId !== undefined) {
    where.push('session_id = ?');
    params.push(toStoredText(sessionId));
  }
  return [where.join(' AND '), params];
};

const deleteSome = async (
  tx: WriteTx,
  part: BackupPart & { backup: number },
): Promise<{ deleted: number; isDone: boolean }> => {
  const [where, params] = wherePart(part);
  const deleted = await tx.run(
    `DELETE FROM key_backup_sessions WHERE backup = ? AND (room_id, session_id) IN
       (SELECT room_id, session_id FROM key_backup_sessions WHERE ${where} LIMIT ?)`,
    part.backup,
    ...params,
    DELETED_AT_ONCE,
  );
  return { deleted, isDone: deleted < DELETED_AT_ONCE };
};

/** Deletes some of the part's sessions; call again until `isDone`. Throws M_NOT_FOUND for an unknown backup. */
export const deleteBackupSessions = writer(
  'deleteBackupSessions',
  async (tx, args: { user: number; version: number; part: BackupPart }): Promise<BackupState & { isDone: boolean }> => {
    const backup = await requireBackup(tx, args.user, args.version);
    const { deleted, isDone } = await deleteSome(tx, { ...args.part, backup: backup.nid });
    return { ...(deleted > 0 ? await noteChanges(tx, backup, -deleted) : stateOf(backup)), isDone };
  },
);

/** Where a page of a backup's sessions begins: after this session. */
export interface SessionMark {
  readonly roomId: string;
  readonly sessionId: string;
}

interface SessionRow extends Omit<BackupSession, 'isVerified'> {
  readonly isVerified: number;
}

/** In the order of room ids and session ids, at most `limit`. */
export const backupSessions = async (
  tx: ReadTx,
  backup: number,
  part: BackupPart,
  limit: number,
  after?: SessionMark,
): Promise<BackupSession[]> => {
  const [where, params] = wherePart({ ...part, backup });
  const rows = await tx.all<SessionRow>(
    `SELECT room_id AS "roomId", session_id AS "sessionId", first_message_index AS "firstMessageIndex",
       forwarded_count AS "forwardedCount", is_verified AS "isVerified", session_data AS "sessionData"
     FROM key_backup_sessions WHERE ${where} ${after ? 'AND (room_id, session_id) > (?, ?)' : ''}
     ORDER BY room_id, session_id LIMIT ?`,
    ...params,
    ...(after ? [toStoredText(after.roomId), toStoredText(after.sessionId)] : []),
    limit,
  );
  return rows.map((row) => ({
    ...row,
    roomId: fromStoredText(row.roomId),
    sessionId: fromStoredText(row.sessionId),
    isVerified: row.isVerified === 1,
  }));
};
