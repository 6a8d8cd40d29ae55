// The bodies of key backups: KeyBackupData, RoomKeyBackup and the whole, with what they mean.

import type { BackupUpload, RoomKey } from '../../../e2ee/key-backups.ts';
import { type Static, Type } from '../../../lib/json-schema.ts';

const count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

export const roomKey = Type.Object({
  first_message_index: count,
  forwarded_count: count,
  is_verified: Type.Boolean(),
  session_data: Type.Object({}),
});
export const roomBackup = Type.Object({ sessions: Type.Record(Type.String(), roomKey) });
export const wholeBackup = Type.Object({ rooms: Type.Record(Type.String(), roomBackup) });

export const uploadsOfRoom = (roomId: string, { sessions }: Static<typeof roomBackup>): BackupUpload[] =>
  Object.entries(sessions).map(([sessionId, key]) => ({ roomId, sessionId, key: key as RoomKey }));

export const uploadsOfAll = ({ rooms }: Static<typeof wholeBackup>): BackupUpload[] =>
  Object.entries(rooms).flatMap(([roomId, backup]) => uploadsOfRoom(roomId, backup));

/** What a new version and an update of one carry. */
export const backupVersion = Type.Object({
  algorithm: Type.String(),
  auth_data: Type.Object({}),
  version: Type.Optional(Type.String()),
});
