// Identity keys of this server's devices, and what goes away with a device. Client-Server API, "Device keys".

import { unknownToken } from '../../protocol/errors/matrix-error.ts';
import type { UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx, WriteTx } from '../database.ts';
import { writer } from '../database.ts';
import { fromStoredText, toStoredText } from '../text.ts';
import { recordDeviceListChanges } from './device-list-changes.ts';
import { addOneTimeKeys, oneTimeKeyCounts, replaceFallbackKeys, type UploadedKey } from './one-time-keys.ts';

export interface StoredDeviceKeys {
  readonly user: number;
  readonly deviceId: string;
  readonly displayName: string | null;
  /** Canonical JSON, without `unsigned`. */
  readonly keys: string;
}

const SELECT_KEYS = `SELECT k.user_nid AS "user", d.device_id AS "deviceId", d.display_name AS "displayName", k.keys AS "keys"
  FROM device_keys k JOIN devices d ON d.nid = k.device`;

const readable = (row: StoredDeviceKeys): StoredDeviceKeys => ({
  ...row,
  deviceId: fromStoredText(row.deviceId),
  displayName: row.displayName === null ? null : fromStoredText(row.displayName),
});

/** In the order in which the devices were made. Devices without keys are left out. */
export const deviceKeysOfUsers = async (tx: ReadTx, users: readonly number[]): Promise<StoredDeviceKeys[]> => {
  const rows = await tx.all<StoredDeviceKeys>(
    `${SELECT_KEYS} WHERE ${tx.dialect.anyInt('k.user_nid')} ORDER BY k.device`,
    tx.dialect.list(users),
  );
  return rows.map(readable);
};

/** Whether the user has a device with one of these ids; cross-signing keys must not be named like one. */
export const hasDeviceNamed = async (tx: ReadTx, user: number, deviceIds: readonly string[]): Promise<boolean> =>
  (await tx.get(
    `SELECT 1 FROM devices WHERE user_nid = ? AND ${tx.dialect.anyText('device_id')} LIMIT 1`,
    user,
    tx.dialect.list(deviceIds.map(toStoredText)),
  )) !== undefined;

export interface DeviceRef {
  readonly user: number;
  /** The device's nid. */
  readonly device: number;
  readonly deviceId: string;
}

/** nids of devices by user id and device id, in the order of the question; unknown ones are undefined. */
export const findDevices = async (
  tx: ReadTx,
  wanted: readonly { readonly userId: UserId; readonly deviceId: string }[],
): Promise<(number | undefined)[]> => {
  const found: (number | undefined)[] = [];
  for (const { userId, deviceId } of wanted) {
    const row = await tx.get<{ nid: number }>(
      `SELECT d.nid AS "nid" FROM users u JOIN devices d ON d.user_nid = u.nid WHERE u.user_id = ? AND d.device_id = ?`,
      userId,
      toStoredText(deviceId),
    );
    found.push(row?.nid);
  }
  return found;
};

export interface KeyUpload extends DeviceRef {
  /** Canonical JSON; undefined: not part of the upload. */
  readonly deviceKeys?: string;
  readonly oneTimeKeys: readonly UploadedKey[];
  readonly fallbackKeys: readonly UploadedKey[];
}

/** All of an upload or nothing. Returns the counts of unclaimed one-time keys. Throws M_UNKNOWN_TOKEN when the device is gone. */
export const uploadKeys = writer('uploadKeys', async (tx, upload: KeyUpload): Promise<Record<string, number>> => {
  // Its session ended while the request was on its way.
  if (!(await tx.get('SELECT 1 FROM devices WHERE nid = ?', upload.device))) throw unknownToken('The device is gone.');
  await addOneTimeKeys(tx, upload.device, upload.oneTimeKeys);
  await replaceFallbackKeys(tx, upload.device, upload.fallbackKeys);
  if (upload.deviceKeys !== undefined) await storeDeviceKeys(tx, upload, upload.deviceKeys);
  return oneTimeKeyCounts(tx, upload.device);
});

/** Uploading the same keys again changes nothing and tells nobody. */
const storeDeviceKeys = async (tx: WriteTx, ref: DeviceRef, keys: string): Promise<void> => {
  const before = await tx.get<{ keys: string }>('SELECT keys AS "keys" FROM device_keys WHERE device = ?', ref.device);
  if (before?.keys === keys) return;
  await tx.run(
    `INSERT INTO device_keys (device, user_nid, keys) VALUES (?, ?, ?)
     ON CONFLICT (device) DO UPDATE SET keys = excluded.keys`,
    ref.device,
    ref.user,
    keys,
  );
  if (before && signedPart(before.keys) !== signedPart(keys)) await deleteSignaturesAround(tx, ref);
  await recordDeviceListChanges(tx, ref.user, [ref.deviceId]);
};

const signedPart = (keys: string): string => {
  const { signatures: _signatures, ...signed } = JSON.parse(keys) as Record<string, unknown>;
  return JSON.stringify(signed);
};

/** Signatures on and by a device's former keys: nobody can check them any more. */
const deleteSignaturesAround = async (tx: WriteTx, { user, deviceId }: DeviceRef): Promise<void> => {
  const name = toStoredText(deviceId);
  await tx.run('DELETE FROM key_signatures WHERE target = ? AND target_key = ?', user, name);
  await tx.run('DELETE FROM key_signatures WHERE signer = ? AND signing_key = ?', user, `ed25519:${name}`);
};

/**
 * Deletes everything that end-to-end encryption knows of devices which are about to be deleted: to be called in the
 * writer that deletes them, before their rows go. Records a change of the device list for those that had identity keys.
 */
export const deleteKeysOfDevices = async (tx: WriteTx, user: number, deviceIds: readonly string[]): Promise<void> => {
  const devices = await tx.all<{ device: number; deviceId: string }>(
    `SELECT nid AS "device", device_id AS "deviceId" FROM devices
     WHERE user_nid = ? AND ${tx.dialect.anyText('device_id')} ORDER BY nid`,
    user,
    tx.dialect.list(deviceIds.map(toStoredText)),
  );
  const changed: string[] = [];
  for (const { device, deviceId } of devices) {
    await tx.run('DELETE FROM one_time_keys WHERE device = ?', device);
    await tx.run('DELETE FROM fallback_keys WHERE device = ?', device);
    await tx.run('DELETE FROM to_device WHERE device = ?', device);
    const hadKeys = await tx.run('DELETE FROM device_keys WHERE device = ?', device);
    if (hadKeys === 0) continue;
    const ref = { user, device, deviceId: fromStoredText(deviceId) };
    await deleteSignaturesAround(tx, ref);
    changed.push(ref.deviceId);
  }
  await recordDeviceListChanges(tx, user, changed);
};

/** Others see a device's name beside its keys, so a new name is a change of the device list if there are keys. */
export const recordDeviceRenamed = async (tx: WriteTx, ref: DeviceRef): Promise<void> => {
  const row = await tx.get('SELECT 1 FROM device_keys WHERE device = ?', ref.device);
  if (row) await recordDeviceListChanges(tx, ref.user, [ref.deviceId]);
};
