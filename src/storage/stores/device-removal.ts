// The end of a device: everything that hangs on it goes in one transaction.

import type { WriteTx } from '../database.ts';
import { writer } from '../database.ts';
import { toStoredText } from '../text.ts';
import { deleteKeysOfDevices } from './device-keys.ts';
import { deletePushersOfDevices } from './pushers.ts';

/**
 * Removes devices with their tokens, their keys and the messages to them. Other stores whose rows belong to a device add
 * their deletion here. Callers cached anywhere are forgotten through the user's change.
 */
export const deleteDevicesWithin = async (tx: WriteTx, user: number, deviceIds: readonly string[]): Promise<number> => {
  if (deviceIds.length === 0) return 0;
  await deleteKeysOfDevices(tx, user, deviceIds);
  const list = tx.dialect.list(deviceIds.map(toStoredText));
  const ofUser = `user_nid = ? AND ${tx.dialect.anyText('device_id')}`;
  await deletePushersOfDevices(tx, user, deviceIds);
  await tx.run(`DELETE FROM session_tokens WHERE device IN (SELECT nid FROM devices WHERE ${ofUser})`, user, list);
  const removed = await tx.run(`DELETE FROM devices WHERE ${ofUser}`, user, list);
  if (removed > 0) await tx.nextPosition({ user });
  return removed;
};

/** How many of them there were. */
export const deleteDevices = writer(
  'deleteDevices',
  (tx, args: { user: number; deviceIds: readonly string[] }): Promise<number> =>
    deleteDevicesWithin(tx, args.user, args.deviceIds),
);
