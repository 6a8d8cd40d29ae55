// Devices of people on different servers: their keys, the changes of their lists, and what is sent to them.

import { expect, test } from 'vitest';
import type { UserId } from '../../src/protocol/ids/branded.ts';
import { type AnyJson, login, type TestClient } from '../harness/client.ts';
import { crossSigningKey, deviceKeysOf, newKey, type TestKey } from '../harness/e2ee-people.ts';
import { until } from '../harness/until.ts';
import type { Journeys } from './pairings.ts';
import { PATIENCE_MS, type Person } from './person.ts';
import { act } from './rooms.ts';
import { together } from './talk.ts';

const uploadKeys = async (client: TestClient, oneTimeKeys = 0): Promise<TestKey> => {
  const key = newKey();
  const userId = client.userId as UserId;
  const owner = { userId, user: 0, deviceId: client.deviceId, device: 0 };
  const one_time_keys = Object.fromEntries(
    Array.from({ length: oneTimeKeys }, (_, index) => [
      `signed_curve25519:K${index}`,
      key.sign({ key: newKey().publicKey }, userId, `ed25519:${client.deviceId}`),
    ]),
  );
  await client.ok(
    client.post('/_matrix/client/v3/keys/upload', { device_keys: deviceKeysOf(owner, key), one_time_keys }),
  );
  return key;
};

/** Returns the master key. */
const uploadCrossSigning = async ({ client, userId }: Person): Promise<string> => {
  const master = newKey();
  const by = (key: AnyJson): AnyJson => master.sign(key, userId as UserId);
  const keys = {
    master_key: by(crossSigningKey(userId as UserId, 'master', master)),
    self_signing_key: by(crossSigningKey(userId as UserId, 'self_signing', newKey())),
    user_signing_key: by(crossSigningKey(userId as UserId, 'user_signing', newKey())),
  };
  const path = '/_matrix/client/v3/keys/device_signing/upload';
  const first = await client.post(path, keys);
  if (first.status === 401) {
    const identifier = { type: 'm.id.user', user: userId };
    const password = `${userId.slice(1).split(':')[0]}-pass`;
    const auth = { type: 'm.login.password', identifier, password, session: first.body.session };
    await client.ok(client.post(path, { ...keys, auth }));
  } else expect(first.status).toBe(200);
  return master.publicKey;
};

const query = async ({ client }: Person, { userId }: Person): Promise<AnyJson> =>
  client.ok(client.post('/_matrix/client/v3/keys/query', { device_keys: { [userId]: [] } }));

/** Asks until the devices of `whom` are these. */
const expectDevices = async (asking: Person, whom: Person, devices: readonly string[]): Promise<AnyJson> => {
  let last: AnyJson;
  await until(
    'devices',
    async () => {
      last = await query(asking, whom);
      return (
        JSON.stringify(Object.keys(last.device_keys[whom.userId] ?? {}).sort()) === JSON.stringify(devices.toSorted())
      );
    },
    PATIENCE_MS,
  ).catch(() => undefined);
  expect(Object.keys(last.device_keys[whom.userId] ?? {}).sort()).toEqual(devices.toSorted());
  return last;
};

const newDevice = async ({ client, userId, server }: Person): Promise<TestClient> =>
  login(client.baseUrl, userId.slice(1).split(':')[0] ?? '', undefined, server.kind === 'synapse');

const byNumber = (one: AnyJson, other: AnyJson): number => one.content.number - other.content.number;

export const devices: Journeys = (meeting, version) => {
  test('messages to devices arrive once, in order', async () => {
    await using stack = new AsyncDisposableStack();
    const { anna, bert } = await together(meeting, stack, version);
    for (const [one, other] of [
      [anna, bert],
      [bert, anna],
    ] as const) {
      for (const number of [1, 2, 3]) {
        const messages = { [other.userId]: { [number === 2 ? '*' : other.client.deviceId]: { number } } };
        await one.client.ok(
          one.client.put(`/_matrix/client/v3/sendToDevice/x.test/${one.userId}${number}`, { messages }),
        );
      }
      await until('messages to the device', () => other.toDevice.length >= 3);
      // Synapse works on several of a transaction at the same time.
      const got = other.server.kind === 'synapse' ? other.toDevice.toSorted(byNumber) : other.toDevice;
      expect(got).toEqual([1, 2, 3].map((number) => ({ sender: one.userId, type: 'x.test', content: { number } })));
    }
  });

  test('keys of devices and people, one-time keys, and changes of device lists', async () => {
    await using stack = new AsyncDisposableStack();
    const { anna, bert, roomId } = await together(meeting, stack, version);
    for (const [one, other] of [
      [anna, bert],
      [bert, anna],
    ] as const) {
      const { userId, client } = one;
      const key = await uploadKeys(client, 1);
      const master = await uploadCrossSigning(one);
      await until('word of new keys', () => other.changedDevices.includes(userId));
      const found = await expectDevices(other, one, [client.deviceId]);
      expect(found.device_keys[userId][client.deviceId].keys[`ed25519:${client.deviceId}`]).toBe(key.publicKey);
      const signed = await until('cross-signing keys', async () => {
        const { master_keys = {}, self_signing_keys = {} } = await query(other, one);
        return self_signing_keys[userId] && master_keys[userId];
      });
      expect(Object.values(signed.keys)).toEqual([master]);

      const wanted = { one_time_keys: { [userId]: { [client.deviceId]: 'signed_curve25519' } } };
      const claim = (): Promise<AnyJson> => other.client.ok(other.client.post('/_matrix/client/v3/keys/claim', wanted));
      const claimed = (await claim()).one_time_keys[userId][client.deviceId];
      expect(Object.keys(claimed)).toEqual(['signed_curve25519:K0']);
      expect((await claim()).one_time_keys[userId]?.[client.deviceId] ?? {}).toEqual({});

      const second = await newDevice(one);
      await uploadKeys(second);
      await expectDevices(other, one, [client.deviceId, second.deviceId]);
      other.changedDevices.length = 0;
      await second.ok(second.post('/_matrix/client/v3/logout'));
      await until('word of a device less', () => other.changedDevices.includes(userId));
      await expectDevices(other, one, [client.deviceId]);
    }
    await act(bert, roomId, 'leave');
    await until('word of the end of sharing', () => anna.leftDevices.includes(bert.userId));
  });
};
