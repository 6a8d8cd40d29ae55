// Publishing a device's keys. Client-Server API, "Uploading keys".

import { canonicalJson } from '../protocol/canonical-json/canonical-json.ts';
import { invalidParam } from '../protocol/errors/matrix-error.ts';
import type { Json, JsonObject } from '../protocol/events/json.ts';
import { fitsIdLimit } from '../protocol/ids/byte-limit.ts';
import type { Database } from '../storage/database.ts';
import { uploadKeys as uploadKeysWriter } from '../storage/stores/device-keys.ts';
import type { UploadedKey } from '../storage/stores/one-time-keys.ts';
import type { KeyOwner } from './key-owner.ts';
import { bounded, deviceKeysSizeBytesMax, oneTimeKeySizeBytesMax } from './limits.ts';
import { keptText } from './own-signatures.ts';

export interface DeviceKeys extends JsonObject {
  user_id: string;
  device_id: string;
  algorithms: string[];
  keys: { [keyId: string]: string };
  signatures: { [userId: string]: { [keyId: string]: string } };
}

export interface KeyUpload {
  readonly deviceKeys: DeviceKeys | undefined;
  /** By `<algorithm>:<key id>`. */
  readonly oneTimeKeys: Readonly<Record<string, Json>>;
  readonly fallbackKeys: Readonly<Record<string, Json>>;
}

/**
 * Returns the number of unclaimed one-time keys by algorithm. Throws M_INVALID_PARAM for keys of another user or device
 * and for misnamed keys, M_UNKNOWN for a one-time key whose id is taken by another, M_TOO_LARGE beyond the limits.
 */
export const uploadKeys = async (db: Database, owner: KeyOwner, upload: KeyUpload): Promise<Record<string, number>> => {
  const fallbackKeys = parseKeys(upload.fallbackKeys);
  // "There can only be at most one key per algorithm uploaded".
  if (new Set(fallbackKeys.map((key) => key.algorithm)).size < fallbackKeys.length) {
    throw invalidParam('There is at most one fallback key for each algorithm.');
  }
  return db.write(uploadKeysWriter, {
    user: owner.user,
    device: owner.device,
    deviceId: owner.deviceId,
    ...(upload.deviceKeys && { deviceKeys: parseDeviceKeys(owner, upload.deviceKeys) }),
    oneTimeKeys: parseKeys(upload.oneTimeKeys),
    fallbackKeys,
  });
};

const parseDeviceKeys = (owner: KeyOwner, keys: DeviceKeys): string => {
  if (keys.user_id !== owner.userId) throw invalidParam('device_keys.user_id is not your user ID.');
  if (keys.device_id !== owner.deviceId) throw invalidParam('device_keys.device_id is not your device ID.');
  for (const name of Object.keys(keys.keys)) {
    const separator = name.indexOf(':');
    if (separator < 1 || name.slice(separator + 1) !== owner.deviceId) {
      throw invalidParam('The names in device_keys.keys must be <algorithm>:<device_id>.');
    }
  }
  // "must include the public part of the device's Ed25519 key". Its signature is for other devices to judge.
  if (!Object.hasOwn(keys.keys, `ed25519:${owner.deviceId}`)) {
    throw invalidParam("device_keys.keys lacks the device's ed25519 key.");
  }
  return bounded(keptText(keys, owner.userId), deviceKeysSizeBytesMax, 'device_keys');
};

const parseKeys = (keys: Readonly<Record<string, Json>>): UploadedKey[] =>
  Object.entries(keys).map(([name, key]) => {
    const separator = name.indexOf(':');
    if (separator < 1 || separator === name.length - 1 || !fitsIdLimit(name)) {
      throw invalidParam('Names of keys must be <algorithm>:<key_id>.');
    }
    return {
      algorithm: name.slice(0, separator),
      keyId: name.slice(separator + 1),
      content: bounded(canonicalJson(key), oneTimeKeySizeBytesMax, name),
    };
  });
