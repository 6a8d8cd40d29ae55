// A user's devices. Client-Server API, "Device Management".

import { invalidParam, notFound } from '../protocol/errors/matrix-error.ts';
import { parseDeviceId } from '../protocol/ids/device-id.ts';
import { deleteDevices } from '../storage/stores/device-removal.ts';
import type { EnsuredDevice, StoredDevice } from '../storage/stores/devices.ts';
import { createDevice, deviceIdsOf, devicesOf, findDevice, renameDevice } from '../storage/stores/devices.ts';
import type { AccountsDeps } from './deps.ts';

/** Display names of devices are shown to others: no essays. */
const DISPLAY_NAME_LENGTH_MAX = 256;

export type Device = StoredDevice;

/** Throws M_INVALID_PARAM past 256 UTF-16 units. */
export const checkDeviceName = (displayName: string): string => {
  if (displayName.length > DISPLAY_NAME_LENGTH_MAX) throw invalidParam('The device name is too long.');
  return displayName;
};

export const createDevices = ({ db, clock }: AccountsDeps) => ({
  /** Oldest first. */
  devicesOf: (user: number): Promise<StoredDevice[]> => db.read((tx) => devicesOf(tx, user)),
  /** Oldest first. */
  deviceIdsOf: (user: number): Promise<string[]> => db.read((tx) => deviceIdsOf(tx, user)),

  /** Throws M_NOT_FOUND. */
  async device(user: number, deviceId: string): Promise<StoredDevice> {
    const device = await db.read((tx) => findDevice(tx, user, deviceId));
    if (!device) throw notFound('There is no such device.');
    return device;
  },

  /** Throws M_NOT_FOUND, M_INVALID_PARAM for a name that is too long. */
  async renameDevice(user: number, deviceId: string, displayName: string): Promise<void> {
    const name = checkDeviceName(displayName);
    if (!(await db.write(renameDevice, { user, deviceId, displayName: name })))
      throw notFound('There is no such device.');
  },

  /** For application services; renames a device that exists. */
  async putDevice(user: number, deviceId: string, displayName: string | undefined): Promise<EnsuredDevice> {
    const name = displayName === undefined ? null : checkDeviceName(displayName);
    const device = { user, deviceId: parseDeviceId(deviceId), displayName: name, now: clock.now() };
    const ensured = await db.write(createDevice, device);
    if (!ensured.isNew && name !== null) await db.write(renameDevice, device);
    return ensured;
  },

  /** Ends their tokens, keys and messages with them; those that do not exist are passed over. */
  async deleteDevices(user: number, deviceIds: readonly string[]): Promise<void> {
    await db.write(deleteDevices, { user, deviceIds });
  },
});
