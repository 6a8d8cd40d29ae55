// The endpoints of end-to-end encryption over HTTP, every answer held against the specification's schemas.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AnyJson } from '../../../tests/harness/client.ts';
import { openFreshSqlite } from '../../../tests/harness/databases.ts';
import { crossSigningKey, deviceKeysOf, newKey, owner, serverName } from '../../../tests/harness/e2ee-people.ts';
import { type Edge, startEdge } from '../../../tests/harness/edge.ts';
import { checkAgainstSpec } from '../../../tests/harness/spec-schemas.ts';
import { createE2ee } from '../../e2ee/e2ee.ts';
import type { KeyOwner } from '../../e2ee/key-owner.ts';
import type { Caller, Endpoint } from '../../http/inbound/endpoint.ts';
import { systemClock } from '../../lib/clock.ts';
import { unauthorized, unknownToken } from '../../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import { StateNodes } from '../../rooms/state-tree/state-nodes.ts';
import { toDeviceSince } from '../../storage/stores/to-device.ts';
import { e2eeEndpoints } from './e2ee.ts';

const stack = new AsyncDisposableStack();
const callers = new Map<string, Caller>();
let head = 0;
let edge: Edge;
let alice: KeyOwner;
let bob: KeyOwner;
let database: Awaited<ReturnType<typeof openFreshSqlite>>['database'];

beforeAll(async () => {
  database = stack.use(await openFreshSqlite()).database;
  database.onCommit((commit) => {
    head = commit.head;
  });
  alice = await owner(database, 'alice');
  bob = await owner(database, 'bob');
  for (const who of [alice, bob]) {
    callers.set(who.userId, { ...who, session: who.device, isGuest: false, isAdmin: false });
  }
  const nodes = new StateNodes(100);
  const e2ee = createE2ee({
    db: database,
    clock: systemClock,
    serverName: serverName as ServerName,
    states: { sourceIn: () => ({ nodes, load: () => Promise.resolve(new Map()) }) },
    remote: undefined,
  });
  const auth = {
    confirmOwner: (_caller: Caller, _operation: string, { auth: proof, ...parameters }: JsonObject) =>
      proof ? Promise.resolve(parameters) : Promise.reject(unauthorized('Prove it.')),
  };
  const endpoints = (e2eeEndpoints as readonly Endpoint<{ e2ee: typeof e2ee; auth: typeof auth }>[]).map(
    ({ declaration, handle }) => ({ declaration, handle: (request: unknown) => handle(request, { e2ee, auth }) }),
  );
  const authenticate = (token: string): Caller => {
    const caller = callers.get(token);
    if (!caller) throw unknownToken('Unknown access token.');
    return caller;
  };
  edge = stack.use(await startEdge(endpoints as readonly Endpoint<never>[], { authenticator: { authenticate } }));
});

afterAll(() => stack.disposeAsync());

const ask = async (
  who: KeyOwner,
  method: string,
  path: string,
  body?: object,
): Promise<{ status: number; body: AnyJson }> => {
  const full = `/_matrix/client/v3${path}`;
  const reply = await edge.ask(method, full, {
    headers: { Authorization: `Bearer ${who.userId}` },
    ...(body && { body: JSON.stringify(body) }),
  });
  expect(checkAgainstSpec(method, full.split('?')[0]!, reply.status, reply.json)).toEqual([]);
  return { status: reply.status, body: reply.json };
};

describe('keys', () => {
  test('are uploaded, queried and claimed', async () => {
    const deviceKeys = deviceKeysOf(alice, newKey());
    const signed = (key: string) => ({ key, signatures: { [alice.userId]: { 'ed25519:DEVICE': 'abc' } } });
    const upload = {
      device_keys: deviceKeys,
      one_time_keys: { 'signed_curve25519:A': signed('a') },
      fallback_keys: { 'signed_curve25519:F': { ...signed('f'), fallback: true } },
    };
    expect(await ask(alice, 'POST', '/keys/upload', upload)).toEqual({
      status: 200,
      body: { one_time_key_counts: { signed_curve25519: 1 } },
    });
    const query = { device_keys: { [alice.userId]: [], [bob.userId]: [], '@carol:elsewhere.test': [] } };
    expect(await ask(bob, 'POST', '/keys/query', query)).toEqual({
      status: 200,
      body: {
        device_keys: {
          [alice.userId]: { DEVICE: { ...deviceKeys, unsigned: { device_display_name: "alice's phone" } } },
          [bob.userId]: {},
        },
        master_keys: {},
        self_signing_keys: {},
        user_signing_keys: {},
        failures: { 'elsewhere.test': { errcode: 'M_UNREACHABLE', error: 'This server does not federate.' } },
      },
    });
    const claim = {
      one_time_keys: { [alice.userId]: { DEVICE: 'signed_curve25519', OTHER: 'signed_curve25519' } },
    };
    expect(await ask(bob, 'POST', '/keys/claim', claim)).toEqual({
      status: 200,
      body: { one_time_keys: { [alice.userId]: { DEVICE: { 'signed_curve25519:A': signed('a') } } }, failures: {} },
    });
    const second = await ask(bob, 'POST', '/keys/claim', claim);
    expect(Object.keys(second.body.one_time_keys[alice.userId].DEVICE)).toEqual(['signed_curve25519:F']);
    const bobsDevice = { one_time_keys: { [bob.userId]: { DEVICE: 'signed_curve25519' } } };
    expect((await ask(alice, 'POST', '/keys/claim', bobsDevice)).body.one_time_keys).toEqual({});
  });

  test('in a wrong form are refused with the right code', async () => {
    const refused = async (path: string, body: object, errcode: string) =>
      expect(await ask(bob, 'POST', path, body)).toMatchObject({ status: 400, body: { errcode } });
    const incomplete = { user_id: bob.userId, device_id: bob.deviceId };
    await refused('/keys/upload', { device_keys: incomplete }, 'M_BAD_JSON');
    await refused('/keys/upload', { device_keys: deviceKeysOf(alice, newKey()) }, 'M_INVALID_PARAM');
    await refused('/keys/upload', { one_time_keys: { 'signed_curve25519:A': { key: 'x' } } }, 'M_BAD_JSON');
    await refused('/keys/upload', { one_time_keys: { nameless: 'x' } }, 'M_INVALID_PARAM');
    await refused('/keys/upload', { fallback_keys: { 'a:1': 'x', 'a:2': 'y' } }, 'M_INVALID_PARAM');
    await refused('/keys/query', { device_keys: { [alice.userId]: { DEVICE: true } } }, 'M_BAD_JSON');
    await refused('/keys/query', {}, 'M_MISSING_PARAM');
    await refused('/keys/query', { device_keys: { alice: [] } }, 'M_INVALID_PARAM');
    await refused('/keys/claim', { one_time_keys: { [alice.userId]: ['DEVICE'] } }, 'M_BAD_JSON');
  });

  test('are named as changed between two tokens', async () => {
    const changes = (from: string, to: string) => ask(alice, 'GET', `/keys/changes?from=${from}&to=${to}`);
    const before = head;
    await ask(alice, 'POST', '/keys/upload', { device_keys: deviceKeysOf(alice, newKey()) });
    const changed = { status: 200, body: { changed: [alice.userId], left: [] } };
    expect(await changes(`s${before}`, `s${head}`)).toEqual(changed);
    expect(await changes(`s${before}_12`, `s${head}_34`)).toEqual(changed);
    expect((await changes(`s${head}`, `s${head}`)).body.changed).toEqual([]);
    expect((await changes('what', `s${head}`)).body.errcode).toBe('M_INVALID_PARAM');
    expect((await ask(alice, 'GET', '/keys/changes')).body.errcode).toBe('M_MISSING_PARAM');
  });

  test('an upload of nothing answers the counts', async () => {
    expect(await ask(bob, 'POST', '/keys/upload')).toEqual({
      status: 200,
      body: { one_time_key_counts: { signed_curve25519: 0 } },
    });
  });

  test('for cross-signing are replaced after authentication only', async () => {
    const path = '/keys/device_signing/upload';
    const keys = (master = newKey()) => ({ master_key: crossSigningKey(bob.userId, 'master', master) });
    const first = keys();
    expect((await ask(bob, 'POST', path, first)).status).toBe(200);
    expect((await ask(bob, 'POST', path, first)).status).toBe(200);
    const second = keys();
    expect((await ask(bob, 'POST', path, second)).status).toBe(401);
    expect((await ask(bob, 'POST', path, { ...second, auth: { type: 'm.login.password' } })).status).toBe(200);
    const { body } = await ask(bob, 'POST', '/keys/query', { device_keys: { [bob.userId]: [] } });
    expect(body.master_keys[bob.userId]).toEqual(second.master_key);
    const signatures = { [bob.userId]: { UNKNOWN: second.master_key } };
    expect(await ask(bob, 'POST', '/keys/signatures/upload', signatures)).toEqual({
      status: 200,
      body: { failures: { [bob.userId]: { UNKNOWN: { errcode: 'M_NOT_FOUND', error: expect.any(String) } } } },
    });
  });
});

describe('key backups', () => {
  const key = { first_message_index: 1, forwarded_count: 0, is_verified: true, session_data: { a: 'b' } };
  const version = { algorithm: 'm.megolm_backup.v1.curve25519-aes-sha2', auth_data: { public_key: 'abc' } };
  const room = encodeURIComponent(`!room:${serverName}`);

  test('are created, filled, read and deleted in all forms', async () => {
    expect((await ask(alice, 'GET', '/room_keys/version')).status).toBe(404);
    expect((await ask(alice, 'POST', '/room_keys/version', version)).body).toEqual({ version: '1' });
    const q = '?version=1';
    const put = async (path: string, body: object) => (await ask(alice, 'PUT', `${path}${q}`, body)).body;
    expect(await put(`/room_keys/keys/${room}/a`, key)).toEqual({ etag: '1', count: 1 });
    expect(await put(`/room_keys/keys/${room}`, { sessions: { b: key } })).toEqual({ etag: '2', count: 2 });
    const rooms = { '!other:x.test': { sessions: { c: key } } };
    expect(await put('/room_keys/keys', { rooms })).toEqual({ etag: '3', count: 3 });
    expect((await ask(alice, 'GET', `/room_keys/keys/${room}/a${q}`)).body).toEqual(key);
    expect((await ask(alice, 'GET', `/room_keys/keys/${room}${q}`)).body).toEqual({ sessions: { a: key, b: key } });
    expect((await ask(alice, 'GET', `/room_keys/keys${q}`)).body).toEqual({
      rooms: { ...rooms, [`!room:${serverName}`]: { sessions: { a: key, b: key } } },
    });
    expect((await ask(alice, 'GET', '/room_keys/version/1')).body).toEqual({
      ...version,
      version: '1',
      etag: '3',
      count: 3,
    });
    const remove = async (path: string) => (await ask(alice, 'DELETE', `${path}${q}`)).body;
    expect(await remove(`/room_keys/keys/${room}/a`)).toEqual({ etag: '4', count: 2 });
    expect(await remove(`/room_keys/keys/${room}`)).toEqual({ etag: '5', count: 1 });
    expect(await remove('/room_keys/keys')).toEqual({ etag: '6', count: 0 });
    expect((await ask(alice, 'PUT', '/room_keys/version/1', { ...version, auth_data: {} })).status).toBe(200);
    expect((await ask(alice, 'PUT', '/room_keys/version/1', { ...version, version: '2' })).status).toBe(400);
    expect((await ask(alice, 'DELETE', '/room_keys/version/1')).status).toBe(200);
    expect((await ask(alice, 'DELETE', '/room_keys/version/1')).status).toBe(200);
    expect((await ask(alice, 'DELETE', '/room_keys/version/2')).status).toBe(404);
  });

  test('refuse keys for an old version, naming the current one, and malformed keys', async () => {
    const old = String((await ask(bob, 'POST', '/room_keys/version', version)).body.version);
    const current = String((await ask(bob, 'POST', '/room_keys/version', version)).body.version);
    expect(await ask(bob, 'PUT', `/room_keys/keys/${room}/a?version=${old}`, key)).toMatchObject({
      status: 403,
      body: { errcode: 'M_WRONG_ROOM_KEYS_VERSION', current_version: current },
    });
    const path = `/room_keys/keys/${room}/a`;
    expect((await ask(bob, 'PUT', path, key)).body.errcode).toBe('M_MISSING_PARAM');
    const wrong = { ...key, first_message_index: -1 };
    expect((await ask(bob, 'PUT', `${path}?version=${current}`, wrong)).body.errcode).toBe('M_BAD_JSON');
    expect((await ask(bob, 'GET', `${path}?version=${current}`)).body.errcode).toBe('M_NOT_FOUND');
  });
});

test('a message to a device arrives once', async () => {
  const body = { messages: { [bob.userId]: { '*': { n: 1 } } } };
  for (let time = 0; time < 2; time++) {
    expect(await ask(alice, 'PUT', '/sendToDevice/m.test/t1', body)).toEqual({ status: 200, body: {} });
  }
  const { messages } = await database.read((tx) => toDeviceSince(tx, bob.device, 0, Number.MAX_SAFE_INTEGER));
  expect(messages).toMatchObject([{ sender: alice.userId, type: 'm.test', content: '{"n":1}' }]);
  expect((await ask(alice, 'PUT', '/sendToDevice/m.test/t2', {})).body.errcode).toBe('M_MISSING_PARAM');
});
