// Key backups of a user. Client-Server API, "Server-side key backups".

import { invalidParam, notFound } from '../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../protocol/events/json.ts';
import { fitsIdLimit } from '../protocol/ids/byte-limit.ts';
import type { Database } from '../storage/database.ts';
import {
  type BackupPart,
  type BackupSession,
  backupSessions,
  createKeyBackup,
  currentKeyBackup,
  deleteBackupSessions,
  deleteKeyBackup,
  findKeyBackup,
  purgeDeletedKeyBackups,
  putBackupSessions,
  type StoredKeyBackup,
  setKeyBackupAuthData,
} from '../storage/stores/key-backups.ts';
import { backupAuthDataSizeBytesMax, backupSessionSizeBytesMax, bounded } from './limits.ts';

/** Of a backup as clients name it, a string that we made from a number. Throws M_NOT_FOUND for what we never gave out. */
const versionNumber = (version: string): number => {
  if (!/^[1-9]\d{0,14}$/.test(version)) throw notFound('Unknown backup version');
  return Number(version);
};

const authDataText = (authData: JsonObject): string =>
  bounded(JSON.stringify(authData), backupAuthDataSizeBytesMax, 'auth_data');

const algorithmSizeMax = 255;

/** KeyBackupData of the specification. */
export interface RoomKey {
  first_message_index: number;
  forwarded_count: number;
  is_verified: boolean;
  session_data: JsonObject;
}

export interface BackupUpload {
  readonly roomId: string;
  readonly sessionId: string;
  readonly key: RoomKey;
}

const sessionOf = ({ roomId, sessionId, key }: BackupUpload): BackupSession => {
  if (!fitsIdLimit(roomId) || !fitsIdLimit(sessionId)) throw invalidParam('A room ID or session ID is too long.');
  return {
    roomId,
    sessionId,
    firstMessageIndex: key.first_message_index,
    forwardedCount: key.forwarded_count,
    isVerified: key.is_verified,
    sessionData: bounded(JSON.stringify(key.session_data), backupSessionSizeBytesMax, 'session_data'),
  };
};

/** What clients get after a change. */
interface BackupAnswer {
  readonly etag: string;
  readonly count: number;
}

const answerOf = ({ etag, sessionCount }: { etag: number; sessionCount: number }): BackupAnswer => ({
  etag: String(etag),
  count: sessionCount,
});

const versionAnswer = (backup: StoredKeyBackup | undefined) => {
  if (!backup) throw notFound('Unknown backup version');
  return {
    algorithm: backup.algorithm,
    auth_data: JSON.parse(backup.authData) as JsonObject,
    version: String(backup.version),
    ...answerOf(backup),
  };
};

export const createKeyBackups = ({ db }: { db: Database }) => {
  const purge = async (): Promise<void> => {
    while (await db.write(purgeDeletedKeyBackups, undefined));
  };
  const requireBackup = async (user: number, version: string): Promise<StoredKeyBackup> => {
    const backup = await db.read((tx) => findKeyBackup(tx, user, versionNumber(version)));
    if (!backup) throw notFound('Unknown backup version');
    return backup;
  };

  return {
    /** At start: removes what is left of deleted backups when the server stopped meanwhile. */
    purge,

    /** Returns the new backup's version. */
    async create(user: number, algorithm: string, authData: JsonObject): Promise<string> {
      if (algorithm.length > algorithmSizeMax) throw invalidParam('The algorithm has a name that is too long.');
      return String(await db.write(createKeyBackup, { user, algorithm, authData: authDataText(authData) }));
    },

    /** The latest one, or (with a version) that one. Throws M_NOT_FOUND. */
    async version(user: number, version?: string) {
      const number = version === undefined ? undefined : versionNumber(version);
      return versionAnswer(
        await db.read((tx) => (number === undefined ? currentKeyBackup(tx, user) : findKeyBackup(tx, user, number))),
      );
    },

    /** "Only auth_data can be modified." Throws M_NOT_FOUND, M_INVALID_PARAM for another algorithm. */
    async update(user: number, version: string, algorithm: string, authData: JsonObject): Promise<void> {
      const backup = await requireBackup(user, version);
      if (backup.algorithm !== algorithm) throw invalidParam('Algorithm does not match');
      const update = { user, version: backup.version, authData: authDataText(authData) };
      if (!(await db.write(setKeyBackupAuthData, update))) throw notFound('Unknown backup version');
    },

    /** "If the backup was previously deleted, the call should succeed rather than returning an error." */
    async delete(user: number, version: string): Promise<void> {
      const existed = await db.write(deleteKeyBackup, { user, version: versionNumber(version) });
      if (!existed) throw notFound('Unknown backup version');
      await purge();
    },

    /** Throws M_NOT_FOUND, M_WRONG_ROOM_KEYS_VERSION when it is not the current version. */
    async put(user: number, version: string, uploads: readonly BackupUpload[]): Promise<BackupAnswer> {
      const sessions = uploads.map(sessionOf);
      return answerOf(await db.write(putBackupSessions, { user, version: versionNumber(version), sessions }));
    },

    async deleteSessions(user: number, version: string, part: BackupPart): Promise<BackupAnswer> {
      for (;;) {
        const state = await db.write(deleteBackupSessions, { user, version: versionNumber(version), part });
        if (state.isDone) return answerOf(state);
      }
    },

    /** Throws M_NOT_FOUND for the backup and for the key. */
    async session(user: number, version: string, roomId: string, sessionId: string): Promise<string> {
      const backup = await requireBackup(user, version);
      const [session] = await db.read((tx) => backupSessions(tx, backup.nid, { roomId, sessionId }, 1));
      if (!session) throw notFound('Key not found.');
      return sessionText(session);
    },

    /** The texts of `{"sessions":{…}}` for a room, or of `{"rooms":{…}}`; a backup may be larger than memory. */
    async sessions(user: number, version: string, roomId?: string): Promise<AsyncIterable<string>> {
      const backup = await requireBackup(user, version);
      return roomId === undefined ? roomsTexts(db, backup.nid) : sessionsTexts(db, backup.nid, roomId);
    },
  };
};

const SESSIONS_AT_ONCE = 500;

const sessionText = (session: BackupSession): string =>
  `{"first_message_index":${session.firstMessageIndex},"forwarded_count":${session.forwardedCount},` +
  `"is_verified":${session.isVerified},"session_data":${session.sessionData}}`;

async function* pages(db: Database, backup: number, part: BackupPart): AsyncGenerator<BackupSession[]> {
  let after: BackupSession | undefined;
  for (;;) {
    const page: BackupSession[] = await db.read((tx) => backupSessions(tx, backup, part, SESSIONS_AT_ONCE, after));
    if (page.length > 0) yield page;
    if (page.length < SESSIONS_AT_ONCE) return;
    after = page.at(-1);
  }
}

async function* sessionsTexts(db: Database, backup: number, roomId: string): AsyncGenerator<string> {
  let separator = '{"sessions":{';
  for await (const page of pages(db, backup, { roomId })) {
    const texts = page.map((session) => `${JSON.stringify(session.sessionId)}:${sessionText(session)}`);
    yield separator + texts.join(',');
    separator = ',';
  }
  yield separator === ',' ? '}}' : '{"sessions":{}}';
}

async function* roomsTexts(db: Database, backup: number): AsyncGenerator<string> {
  let room: string | undefined;
  for await (const page of pages(db, backup, {})) {
    let text = '';
    for (const session of page) {
      if (session.roomId === room) text += ',';
      else {
        text += `${room === undefined ? '{"rooms":{' : '}},'}${JSON.stringify(session.roomId)}:{"sessions":{`;
        room = session.roomId;
      }
      text += `${JSON.stringify(session.sessionId)}:${sessionText(session)}`;
    }
    yield text;
  }
  yield room === undefined ? '{"rooms":{}}' : '}}}}';
}

export type KeyBackups = ReturnType<typeof createKeyBackups>;
