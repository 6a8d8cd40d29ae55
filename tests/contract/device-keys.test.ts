// Identity keys of devices: who is told of which change, and what goes with a device.

import { expect, test } from 'vitest';
import type { KeyOwner } from '../../src/e2ee/key-owner.ts';
import { queryLocalKeys } from '../../src/e2ee/query-keys.ts';
import { type DeviceKeys, uploadKeys } from '../../src/e2ee/upload-keys.ts';
import type { JsonObject } from '../../src/protocol/events/json.ts';
import type { UserId } from '../../src/protocol/ids/branded.ts';
import type { Database } from '../../src/storage/database.ts';
import { deleteDevices } from '../../src/storage/stores/device-removal.ts';
import { renameDevice } from '../../src/storage/stores/devices.ts';
import { describeOnBothEngines } from '../harness/databases.ts';
import { deviceKeysOf, newKey, owner } from '../harness/e2ee-people.ts';

const upload = (database: Database, who: KeyOwner, deviceKeys: JsonObject) =>
  uploadKeys(database, who, { deviceKeys: deviceKeys as DeviceKeys, oneTimeKeys: {}, fallbackKeys: {} });

const query = async (database: Database, userId: UserId, ...deviceIds: string[]) =>
  (await queryLocalKeys(database, new Map([[userId, deviceIds]]), undefined)).device_keys[userId]!;

const changesOf = async (database: Database, { user }: KeyOwner): Promise<(string | null)[]> => {
  const rows = await database.read((tx) =>
    tx.all<{ deviceId: string | null }>(
      'SELECT device_id AS "deviceId" FROM device_list_changes WHERE user_nid = ? ORDER BY position',
      user,
    ),
  );
  return rows.map((row) => row.deviceId);
};

describeOnBothEngines('device keys', (open) => {
  test('are answered as uploaded, with the device name beside them', async () => {
    const database = await open();
    const alice = await owner(database, 'alice');
    const keys = deviceKeysOf(alice, newKey());
    await upload(database, alice, keys);
    expect(await query(database, alice.userId)).toEqual({
      DEVICE: { ...keys, unsigned: { device_display_name: "alice's phone" } },
    });
  });

  test('the same upload again tells nobody, another one does', async () => {
    const database = await open();
    const alice = await owner(database, 'alice');
    const keys = deviceKeysOf(alice, newKey());
    await upload(database, alice, keys);
    await upload(database, alice, { ...keys, unsigned: { device_display_name: 'ignored' } });
    expect(await changesOf(database, alice)).toEqual(['DEVICE']);
    await upload(database, alice, deviceKeysOf(alice, newKey()));
    expect(await changesOf(database, alice)).toEqual(['DEVICE', 'DEVICE']);
  });

  test('are answered for the devices asked for; every user is in the answer', async () => {
    const database = await open();
    const phone = await owner(database, 'alice', 'PHONE');
    const laptop = await owner(database, 'alice', 'LAPTOP');
    await owner(database, 'alice', 'KEYLESS');
    for (const device of [phone, laptop]) await upload(database, device, deviceKeysOf(device, newKey()));
    expect(Object.keys(await query(database, phone.userId))).toEqual(['PHONE', 'LAPTOP']);
    expect(Object.keys(await query(database, phone.userId, 'LAPTOP', 'KEYLESS'))).toEqual(['LAPTOP']);
    expect(await query(database, '@nobody:kintsugi.test' as UserId)).toEqual({});
  });

  test('a device id like __proto__ is an id like any other', async () => {
    const database = await open();
    const alice = await owner(database, 'alice', '__proto__');
    await upload(database, alice, deviceKeysOf(alice, newKey()));
    expect(Object.keys(await query(database, alice.userId))).toEqual(['__proto__']);
  });

  test('others’ signatures in an upload are not kept', async () => {
    const database = await open();
    const alice = await owner(database, 'alice');
    const keys = deviceKeysOf(alice, newKey());
    const signatures = { ...(keys.signatures as JsonObject), '@bob:kintsugi.test': { 'ed25519:X': 'abc' } };
    await upload(database, alice, { ...keys, signatures });
    expect((await query(database, alice.userId)).DEVICE!.signatures).toEqual(keys.signatures);
  });

  test('keys of another user or device, misnamed keys and huge keys are refused', async () => {
    const database = await open();
    const alice = await owner(database, 'alice');
    const bob = await owner(database, 'bob');
    const keys = deviceKeysOf(alice, newKey());
    const refused = (deviceKeys: JsonObject, errcode = 'M_INVALID_PARAM') =>
      expect(upload(database, alice, deviceKeys)).rejects.toMatchObject({ errcode });
    await refused(deviceKeysOf(bob, newKey()));
    await refused({ ...keys, device_id: 'OTHER' });
    await refused({ ...keys, keys: { 'ed25519:OTHER': 'abc' } });
    await refused({ ...keys, keys: { 'curve25519:DEVICE': 'abc' } });
    await refused({ ...keys, keys: { ...(keys.keys as JsonObject), ed25519: 'abc' } });
    await refused({ ...keys, more: 'x'.repeat(32 * 1024) }, 'M_TOO_LARGE');
    await refused({ ...keys, more: 0.5 }, 'M_BAD_JSON');
    expect(await query(database, alice.userId)).toEqual({});
  });

  test('a new name of a device with keys is a change, of one without keys it is none', async () => {
    const database = await open();
    const alice = await owner(database, 'alice');
    const rename = (displayName: string) =>
      database.write(renameDevice, { user: alice.user, deviceId: 'DEVICE', displayName });
    await rename('before');
    expect(await changesOf(database, alice)).toEqual([]);
    await upload(database, alice, deviceKeysOf(alice, newKey()));
    await rename('after');
    expect(await changesOf(database, alice)).toEqual(['DEVICE', 'DEVICE']);
    expect((await query(database, alice.userId)).DEVICE!.unsigned).toEqual({ device_display_name: 'after' });
  });

  test('all keys go with the device, and its end is a change if it had identity keys', async () => {
    const database = await open();
    const alice = await owner(database, 'alice');
    await owner(database, 'alice', 'KEYLESS');
    const oneTimeKeys = { 'signed_curve25519:A': 'abc' };
    const fallbackKeys = { 'signed_curve25519:F': 'abc' };
    await uploadKeys(database, alice, {
      deviceKeys: deviceKeysOf(alice, newKey()) as DeviceKeys,
      oneTimeKeys,
      fallbackKeys,
    });
    await database.write(deleteDevices, { user: alice.user, deviceIds: ['DEVICE', 'KEYLESS', 'UNKNOWN'] });
    expect(await query(database, alice.userId)).toEqual({});
    expect(await changesOf(database, alice)).toEqual(['DEVICE', 'DEVICE']);
    for (const table of ['device_keys', 'one_time_keys', 'fallback_keys']) {
      expect(await database.read((tx) => tx.all(`SELECT 1 FROM ${table}`))).toEqual([]);
    }
  });

  test('the latest hundred changes of a user are kept', async () => {
    const database = await open();
    const alice = await owner(database, 'alice');
    const keys = deviceKeysOf(alice, newKey());
    for (let round = 0; round < 105; round++) await upload(database, alice, { ...keys, round });
    expect(await changesOf(database, alice)).toHaveLength(100);
  });
});
