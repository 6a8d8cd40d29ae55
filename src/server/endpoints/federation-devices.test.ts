// Devices and keys across servers: asked for, claimed, and told as the specification's schemas say.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AnyJson, TestClient } from '../../../tests/harness/client.ts';
import { crossSigningKey, deviceKeysOf, newKey } from '../../../tests/harness/e2ee-people.ts';
import { type FederatedServer, type Federation, startFederation } from '../../../tests/harness/federated.ts';
import { checkAgainstSpec } from '../../../tests/harness/spec-schemas.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { UserId } from '../../protocol/ids/branded.ts';

let federation: Federation;
let here: FederatedServer;
let there: FederatedServer;
let alice: TestClient;
let bob: TestClient;

const uploadKeys = async (client: TestClient): Promise<JsonObject> => {
  const owner = { userId: client.userId as UserId, deviceId: client.deviceId, user: 0, device: 0 };
  const keys = deviceKeysOf(owner, newKey());
  await client.ok(
    client.post('/_matrix/client/v3/keys/upload', {
      device_keys: keys,
      one_time_keys: { 'signed_curve25519:AAAA': { key: 'one', signatures: {} } },
      fallback_keys: { 'signed_curve25519:FALL': { key: 'fallback', fallback: true, signatures: {} } },
    }),
  );
  return keys;
};

const queryKeys = (client: TestClient, users: Record<string, string[]>): Promise<AnyJson> =>
  client.ok(client.post('/_matrix/client/v3/keys/query', { device_keys: users }));

const call = async (method: 'GET' | 'POST', path: string, body?: JsonObject): Promise<AnyJson> => {
  const bounds = { timeoutMs: 5_000, responseSizeBytesMax: 100_000 };
  const answer = await here.parts.peers.call({
    destination: there.name,
    method,
    path,
    ...(body && { body }),
    ...bounds,
  });
  expect(checkAgainstSpec(method, path, answer.status, JSON.parse(answer.text))).toEqual([]);
  return answer.json();
};

beforeAll(async () => {
  federation = await startFederation();
  [here, there] = federation.servers as [FederatedServer, FederatedServer];
  alice = await here.register('alice');
  bob = await there.register('bob');
});

afterAll(() => federation[Symbol.asyncDispose]());

test('keys of a user elsewhere are asked for, with whom no room is shared', async () => {
  const keys = await uploadKeys(bob);
  const answer = await queryKeys(alice, { [bob.userId]: [], [`@nobody:${there.name}`]: [] });
  expect(answer.failures).toEqual({});
  expect(answer.device_keys[bob.userId]).toEqual({ [bob.deviceId]: { ...keys, unsigned: expect.any(Object) } });
  expect(answer.device_keys[`@nobody:${there.name}`]).toEqual({});
});

test('cross-signing keys come along, but not the user-signing key', async () => {
  const [master, own, others] = [newKey(), newKey(), newKey()];
  const userId = bob.userId as UserId;
  const signed = (usage: string, key: typeof own) => master.sign(crossSigningKey(userId, usage, key), userId);
  await bob.ok(
    bob.post('/_matrix/client/v3/keys/device_signing/upload', {
      master_key: crossSigningKey(userId, 'master', master),
      self_signing_key: signed('self_signing', own),
      user_signing_key: signed('user_signing', others),
    }),
  );
  const answer = await queryKeys(alice, { [bob.userId]: [] });
  expect(answer.master_keys[bob.userId].keys).toEqual({ [`ed25519:${master.publicKey}`]: master.publicKey });
  expect(answer.self_signing_keys[bob.userId].keys).toEqual({ [`ed25519:${own.publicKey}`]: own.publicKey });
  expect(answer.user_signing_keys).toEqual({});
});

test('one-time keys are claimed once, then the fallback key', async () => {
  const claim = (): Promise<AnyJson> =>
    alice.ok(
      alice.post('/_matrix/client/v3/keys/claim', {
        one_time_keys: { [bob.userId]: { [bob.deviceId]: 'signed_curve25519', GONE: 'signed_curve25519' } },
      }),
    );
  const names = async (): Promise<string[]> => Object.keys((await claim()).one_time_keys[bob.userId][bob.deviceId]);
  expect(await names()).toEqual(['signed_curve25519:AAAA']);
  expect(await names()).toEqual(['signed_curve25519:FALL']);
});

test('a server that does not answer is a failure of its own', async () => {
  const lost = '@carol:127.0.0.1:1';
  const answer = await queryKeys(alice, { [lost]: [], [bob.userId]: [] });
  expect(Object.keys(answer.failures)).toEqual(['127.0.0.1:1']);
  expect(Object.keys(answer.device_keys)).toEqual([bob.userId]);
});

test('what other servers ask for is answered as the specification says', async () => {
  const devices = await call('GET', `/_matrix/federation/v1/user/devices/${encodeURIComponent(bob.userId)}`);
  expect(devices.user_id).toBe(bob.userId);
  expect(devices.devices.map((device: AnyJson) => device.device_id)).toEqual([bob.deviceId]);
  expect(devices.devices[0].keys.unsigned).toBeUndefined();
  expect(devices.master_key).toBeDefined();
  const query = await call('POST', '/_matrix/federation/v1/user/keys/query', {
    device_keys: { [bob.userId]: [], [alice.userId]: [] },
  });
  expect(Object.keys(query.device_keys)).toEqual([bob.userId]);
  const claimed = await call('POST', '/_matrix/federation/v1/user/keys/claim', { one_time_keys: {} });
  expect(claimed).toEqual({ one_time_keys: {} });
  const unknown = `/_matrix/federation/v1/user/devices/${encodeURIComponent(`@nobody:${there.name}`)}`;
  await expect(call('GET', unknown)).rejects.toMatchObject({ status: 404 });
});
