// Endpoints of end-to-end encryption: keys, key backups, messages to devices.

import { claimKeys } from '../../api/client/end-to-end-encryption/claim-keys.ts';
import { getKeyChanges } from '../../api/client/end-to-end-encryption/get-key-changes.ts';
import { queryKeys } from '../../api/client/end-to-end-encryption/query-keys.ts';
import { uploadCrossSigningKeys } from '../../api/client/end-to-end-encryption/upload-cross-signing-keys.ts';
import { uploadKeys } from '../../api/client/end-to-end-encryption/upload-keys.ts';
import { uploadSignatures } from '../../api/client/end-to-end-encryption/upload-signatures.ts';
import { createVersion } from '../../api/client/key-backup/create-version.ts';
import { deleteKeys } from '../../api/client/key-backup/delete-keys.ts';
import { deleteRoomKeys } from '../../api/client/key-backup/delete-room-keys.ts';
import { deleteSessionKey } from '../../api/client/key-backup/delete-session-key.ts';
import { deleteVersion } from '../../api/client/key-backup/delete-version.ts';
import { getCurrentVersion } from '../../api/client/key-backup/get-current-version.ts';
import { getKeys } from '../../api/client/key-backup/get-keys.ts';
import { getRoomKeys } from '../../api/client/key-backup/get-room-keys.ts';
import { getSessionKey } from '../../api/client/key-backup/get-session-key.ts';
import { getVersion } from '../../api/client/key-backup/get-version.ts';
import { putKeys } from '../../api/client/key-backup/put-keys.ts';
import { putRoomKeys } from '../../api/client/key-backup/put-room-keys.ts';
import { putSessionKey } from '../../api/client/key-backup/put-session-key.ts';
import { updateVersion } from '../../api/client/key-backup/update-version.ts';
import { sendToDevice } from '../../api/client/send-to-device/send-to-device.ts';

export const e2eeEndpoints = [
  uploadKeys,
  queryKeys,
  claimKeys,
  getKeyChanges,
  uploadCrossSigningKeys,
  uploadSignatures,
  createVersion,
  getCurrentVersion,
  getVersion,
  updateVersion,
  deleteVersion,
  putKeys,
  putRoomKeys,
  putSessionKey,
  getKeys,
  getRoomKeys,
  getSessionKey,
  deleteKeys,
  deleteRoomKeys,
  deleteSessionKey,
  sendToDevice,
];
