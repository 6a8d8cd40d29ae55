// The devices of this server's users. Client-Server API, "Device Management".

import { forbidden } from '../../protocol/errors/matrix-error.ts';
import type { ReadTx, WriteTx } from '../database.ts';
import { writer } from '../database.ts';
import { fromStoredText, toStoredText } from '../text.ts';
import { isCrossSigningKey } from './cross-signing.ts';
import { recordDeviceRenamed } from './device-keys.ts';

/** A limit against logins in a loop; people have fewer than fifty. */
export const DEVICES_MAX = 1000;

export interface StoredDevice {
  /** nid: the `device` of its callers. */
  readonly device: number;
  readonly deviceId: string;
  readonly displayName: string | null;
  readonly lastSeenTs: number | null;
  readonly lastSeenAddress: string | null;
  readonly lastSeenAgent: string | null;
}

const SELECT_DEVICE = `SELECT nid AS "device", device_id AS "deviceId", display_name AS "displayName",
  last_seen_ts AS "lastSeenTs", last_seen_address AS "lastSeenAddress", last_seen_agent AS "lastSeenAgent" FROM devices`;

const readable = (row: StoredDevice): StoredDevice => ({
  ...row,
  deviceId: fromStoredText(row.deviceId),
  displayName: row.displayName === null ? null : fromStoredText(row.displayName),
});

/** Oldest first. */
export const devicesOf = async (tx: ReadTx, user: number): Promise<StoredDevice[]> =>
  (await tx.all<StoredDevice>(`${SELECT_DEVICE} WHERE user_nid = ? ORDER BY nid`, user)).map(readable);

/** Oldest first. */
export const deviceIdsOf = async (tx: ReadTx, user: number): Promise<string[]> => {
  const rows = await tx.all<{ deviceId: string }>(
    'SELECT device_id AS "deviceId" FROM devices WHERE user_nid = ? ORDER BY nid',
    user,
  );
  return rows.map((row) => fromStoredText(row.deviceId));
};

export const findDevice = async (tx: ReadTx, user: number, deviceId: string): Promise<StoredDevice | undefined> => {
  const row = await tx.get<StoredDevice>(
    `${SELECT_DEVICE} WHERE user_nid = ? AND device_id = ?`,
    user,
    toStoredText(deviceId),
  );
  return row && readable(row);
};

export interface EnsuredDevice {
  readonly device: number;
  readonly isNew: boolean;
}

/**
 * The device, made when it is not there; then `displayName` becomes its name. Throws M_FORBIDDEN past DEVICES_MAX and for
 * the id of a cross-signing key.
 */
export const ensureDevice = async (
  tx: WriteTx,
  args: { user: number; deviceId: string; displayName: string | null; now: number },
): Promise<EnsuredDevice> => {
  const known = await findDevice(tx, args.user, args.deviceId);
  if (known) return { device: known.device, isNew: false };
  const { count } = (await tx.get<{ count: number }>(
    'SELECT count(*) AS "count" FROM devices WHERE user_nid = ?',
    args.user,
  ))!;
  // M_FORBIDDEN: "the requested device ID is the same as a cross-signing key ID".
  if (await isCrossSigningKey(tx, args.user, args.deviceId)) throw forbidden('The device ID is a cross-signing key.');
  if (count >= DEVICES_MAX) throw forbidden(`The account has ${count} devices; remove some first.`);
  // Never given twice, unlike the row numbers that SQLite would choose.
  const device = await tx.nextPosition({ user: args.user });
  await tx.run(
    'INSERT INTO devices (nid, user_nid, device_id, display_name, created_ts, position) VALUES (?, ?, ?, ?, ?, ?)',
    device,
    args.user,
    toStoredText(args.deviceId),
    args.displayName === null ? null : toStoredText(args.displayName),
    args.now,
    device,
  );
  return { device, isNew: true };
};

/** For application services, which make devices without logging in. */
export const createDevice = writer('createDevice', ensureDevice);

/** False when the user has no such device. */
export const renameDevice = writer(
  'renameDevice',
  async (tx, args: { user: number; deviceId: string; displayName: string | null }): Promise<boolean> => {
    const known = await findDevice(tx, args.user, args.deviceId);
    if (!known) return false;
    if (known.displayName === args.displayName) return true;
    await tx.run(
      'UPDATE devices SET display_name = ?, position = ? WHERE nid = ?',
      args.displayName === null ? null : toStoredText(args.displayName),
      await tx.nextPosition({ user: args.user }),
      known.device,
    );
    await recordDeviceRenamed(tx, { user: args.user, device: known.device, deviceId: args.deviceId });
    return true;
  },
);

export interface DeviceSighting {
  readonly device: number;
  readonly ts: number;
  readonly address: string;
  readonly agent: string | null;
}

/** Devices that are gone are passed over. Nobody is woken. */
export const noteSightings = (tx: WriteTx, sightings: readonly DeviceSighting[]): Promise<void> =>
  tx.runMany(
    'UPDATE devices SET last_seen_ts = ?, last_seen_address = ?, last_seen_agent = ? WHERE nid = ?',
    sightings.map(({ ts, address, agent, device }) => [ts, address, agent, device]),
  );

/** One batch of sightings. */
export const noteDevicesSeen = writer('noteDevicesSeen', noteSightings);

/** Devices not seen since `before` (ms since the epoch), and made before it; at most `limit`. */
export const inactiveDevices = async (
  tx: ReadTx,
  before: number,
  limit: number,
): Promise<{ user: number; deviceId: string }[]> => {
  const rows = await tx.all<{ user: number; deviceId: string }>(
    `SELECT user_nid AS "user", device_id AS "deviceId" FROM devices
     WHERE created_ts < ? AND (last_seen_ts IS NULL OR last_seen_ts < ?) ORDER BY nid LIMIT ?`,
    before,
    before,
    limit,
  );
  return rows.map(({ user, deviceId }) => ({ user, deviceId: fromStoredText(deviceId) }));
};
