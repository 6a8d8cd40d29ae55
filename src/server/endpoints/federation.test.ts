// The endpoints that other servers and administrators call, over HTTP; answers to servers held against the specification.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Ask, type Edge, type Reply, startEdge } from '../../../tests/harness/edge.ts';
import { keyDocument, type PeerServer, startPeerServer, testKey } from '../../../tests/harness/peer-server.ts';
import { openPeers, type TestPeers } from '../../../tests/harness/peers.ts';
import { checkAgainstSpec } from '../../../tests/harness/spec-schemas.ts';
import { type Caller, type Endpoint, endpoint } from '../../http/inbound/endpoint.ts';
import { PeerError } from '../../peers/peer-error.ts';
import { canonicalJson } from '../../protocol/canonical-json/canonical-json.ts';
import { unknownToken } from '../../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { ServerName, UserId } from '../../protocol/ids/branded.ts';
import { parseServerName } from '../../protocol/ids/server-name.ts';
import { verifyJson } from '../../protocol/signing/sign-json.ts';
import type { SigningKey } from '../../protocol/signing/signing-key.ts';
import { signRequest } from '../../protocol/x-matrix/sign-request.ts';
import { federationEndpoints } from './federation.ts';

const DAY_MS = 24 * 3_600_000;
const stack = new AsyncDisposableStack();
const peerKey = testKey('ed25519:p1');
const oldKey = testKey('ed25519:old');
let us: TestPeers;
let peer: PeerServer;
let peerName: ServerName;
let edge: Edge;

/** What a later part of federation will be like. */
const echo = endpoint({
  route: 'PUT /_matrix/federation/v1/echo/{name}',
  also: ['GET /_matrix/federation/v1/echo/{name}'],
  spec: 'tests',
  auth: 'server',
  limit: 'none',
  params: { name: (text: string) => text },
  body: 'object',
  handle: async ({ caller, body, params }) => ({ from: caller.serverName, name: params.name, body }),
});

const admin = { userId: '@admin:us.test' as UserId, user: 1, deviceId: 'D', device: 1, session: 1 };
const callers: Readonly<Record<string, Caller>> = {
  admin: { ...admin, isGuest: false, isAdmin: true },
  user: { ...admin, isGuest: false, isAdmin: false },
};

beforeAll(async () => {
  peer = stack.use(await startPeerServer());
  peerName = parseServerName(`peer.test:${peer.port}`);
  const oldKeys = [{ keyId: oldKey.keyId, publicKey: oldKey.publicKey, expiredAt: 5 }];
  us = stack.use(await openPeers({ oldKeys, config: { denyServers: ['denied.test'] } }));
  us.dns.records.set('peer.test', { A: ['127.0.0.1'] });
  const authenticator = {
    authenticate(token: string): Caller {
      const caller = callers[token];
      if (!caller) throw unknownToken('Unknown access token.');
      return caller;
    },
    verifyServer: us.peers.verifyServer,
  };
  edge = stack.use(
    await startEdge([...federationEndpoints, echo] as readonly Endpoint<never>[], {
      authenticator,
      parts: { peers: us.peers, clock: us.clock },
    }),
  );
});
afterAll(() => stack.disposeAsync());
beforeEach(async () => {
  await us.clock.advance(3_600_000);
  peer.requests.length = 0;
  peer.handler = () => [200, peerDocument()];
});

const peerDocument = (keys: readonly SigningKey[] = [peerKey], validForMs = 2 * DAY_MS): JsonObject =>
  keyDocument(peerName, { keys, validUntilTs: us.clock.now() + validForMs });

const ask = async (method: string, path: string, options?: Ask): Promise<Reply> => {
  const reply = await edge.ask(method, path, options);
  if (
    !path.startsWith('/_matrix/federation/v1/echo') &&
    path.startsWith('/_matrix/') &&
    !/query\/[^?]+\/|v2\/server\//.test(path)
  ) {
    expect(checkAgainstSpec(method, path, reply.status, reply.json)).toEqual([]);
  }
  return reply;
};
const keysIn = (reply: Reply): JsonObject[] => reply.json.server_keys as JsonObject[];
const isOurs = (value: JsonObject): boolean => {
  const { serverName, signingKey } = us.identity;
  return verifyJson(value, serverName, signingKey.keyId, signingKey.publicKey);
};

describe('keys and version', () => {
  test('this server publishes its keys', async () => {
    for (const path of ['', '/', '/ed25519:any']) {
      const reply = await ask('GET', `/_matrix/key/v2/server${path}`);
      expect(reply).toMatchObject({
        status: 200,
        json: {
          server_name: 'us.test',
          verify_keys: { 'ed25519:us': { key: us.identity.signingKey.publicKey } },
          old_verify_keys: { 'ed25519:old': { key: oldKey.publicKey, expired_ts: 5 } },
        },
      });
      expect(isOurs(reply.json as JsonObject)).toBe(true);
      expect(reply.text).toBe(canonicalJson(reply.json as JsonObject));
    }
  });

  test('and says which program it is', async () => {
    const { json } = await ask('GET', '/_matrix/federation/v1/version');
    expect(json).toEqual({ server: { name: 'Kintsugi', version: expect.stringMatching(/^\d+\.\d+\.\d+/) } });
  });

  test('as a notary it passes on what a server says, with both signatures', async () => {
    const reply = await ask('GET', `/_matrix/key/v2/query/${encodeURIComponent(peerName)}`);
    const [document] = keysIn(reply);
    expect(keysIn(reply)).toHaveLength(1);
    expect(document).toMatchObject({ server_name: peerName, verify_keys: { 'ed25519:p1': {} } });
    expect([isOurs(document!), verifyJson(document!, peerName, peerKey.keyId, peerKey.publicKey)]).toEqual([
      true,
      true,
    ]);
    await ask('GET', `/_matrix/key/v2/query/${peerName}`);
    expect(peer.requests).toHaveLength(1);
  });

  test('and asks again after half of the lifetime, or when the keys must be good for longer', async () => {
    const path = `/_matrix/key/v2/query/${peerName}`;
    const asked = async (query = ''): Promise<number> => {
      await ask('GET', path + query);
      return peer.requests.length;
    };
    await us.clock.advance(30 * DAY_MS);
    expect([await asked(), await asked()]).toEqual([1, 1]);
    await us.clock.advance(DAY_MS - 1000);
    expect(await asked()).toBe(1);
    await us.clock.advance(2000);
    expect(await asked()).toBe(2);
    await us.clock.advance(60_000);
    expect(await asked(`?minimum_valid_until_ts=${us.clock.now()}`)).toBe(2);
    expect(await asked(`?minimum_valid_until_ts=${us.clock.now() + 2 * DAY_MS}`)).toBe(3);
    await us.clock.advance(60_000);
    const byKey = `/_matrix/key/v2/query/${peerName}/ed25519:p1`;
    await ask('GET', byKey);
    expect(peer.requests).toHaveLength(3);
    await ask('GET', `${byKey}?minimum_valid_until_ts=${us.clock.now() + 2 * DAY_MS}`);
    expect(peer.requests).toHaveLength(4);
  });

  test('a server that is down or talks nonsense does not lose what it said before', async () => {
    await ask('GET', `/_matrix/key/v2/query/${peerName}`);
    const before = keysIn(await ask('GET', `/_matrix/key/v2/query/${peerName}`));
    const nonsense = [
      [502, 'down'],
      [200, peerDocument([peerKey], -DAY_MS)],
      [200, peerDocument([testKey('ed25519:p1', 'x')])],
    ];
    for (const answer of nonsense as [number, string | JsonObject][]) {
      await us.clock.advance(3 * DAY_MS);
      peer.handler = () => answer;
      const now = keysIn(await ask('GET', `/_matrix/key/v2/query/${peerName}`));
      expect(now.map(({ valid_until_ts }) => valid_until_ts)).toEqual(
        before.map(({ valid_until_ts }) => valid_until_ts),
      );
    }
  });

  test('many at once, itself among them; those unknown are left out', async () => {
    const body = {
      server_keys: {
        [peerName]: { 'ed25519:p1': { minimum_valid_until_ts: us.clock.now() } },
        'us.test': {},
        'absent.test:1': { 'ed25519:x': {} },
        'not a name': {},
        '127.0.0.1:1': {},
      },
    };
    const reply = await ask('POST', '/_matrix/key/v2/query', { body: JSON.stringify(body) });
    expect(new Set(keysIn(reply).map((each) => each.server_name))).toEqual(new Set([peerName, 'us.test']));
    expect(keysIn(reply)).toHaveLength(2);
    expect(keysIn(reply).every(isOurs)).toBe(true);
    const many = Object.fromEntries(Array.from({ length: 501 }, (_, index) => [`s${index}.test`, {}]));
    const refused = await ask('POST', '/_matrix/key/v2/query', { body: JSON.stringify({ server_keys: many }) });
    expect(refused).toMatchObject({ status: 400, json: { errcode: 'M_INVALID_PARAM' } });
    expect((await ask('POST', '/_matrix/key/v2/query', { body: '{}' })).status).toBe(400);
    expect((await ask('GET', '/_matrix/key/v2/query/no%20name')).json.errcode).toBe('M_INVALID_PARAM');
  });
});

describe('signed requests', () => {
  interface Sent {
    readonly method?: string;
    readonly uri?: string;
    readonly destination?: string;
    readonly key?: SigningKey;
    readonly body?: string;
    /** What the signature is over, when it is not the body. */
    readonly signedBody?: string;
  }
  const uri = '/_matrix/federation/v1/echo/a%20b?x=%2F';
  const header = ({ method = 'PUT', destination = 'us.test', key = peerKey, ...sent }: Sent): string =>
    signRequest(
      {
        method,
        uri: sent.uri ?? uri,
        origin: peerName,
        destination: destination as ServerName,
        contentJson: sent.signedBody ?? sent.body,
      },
      key,
    );
  const send = (sent: Sent, authorization: string | string[] = header(sent)): Promise<Reply> =>
    edge.ask(sent.method ?? 'PUT', uri, {
      headers: { Authorization: authorization },
      ...(sent.body && { body: sent.body }),
    });
  const refused = { status: 401, json: { errcode: 'M_UNAUTHORIZED' } };

  test('are answered when the signature is good', async () => {
    const body = '{"a":1,"b":{"c":[]}}';
    expect(await send({ body })).toMatchObject({
      status: 200,
      json: { from: peerName, name: 'a b', body: { a: 1, b: { c: [] } } },
    });
    expect(await send({ method: 'GET' })).toMatchObject({ status: 200, json: { from: peerName } });
    expect(peer.requests.length).toBeLessThanOrEqual(1);
  });

  test('in any spelling of the body, whose canonical form is what was signed', async () => {
    const sent = { body: '{ "b": 1.50,\n "a": "\\u00e9", "big": 12345678901234567890 }' };
    const signedBody = '{"a":"é","b":1.5,"big":12345678901234567890}';
    const answers = [await send({ ...sent, signedBody }), await send({ ...sent, signedBody: `${signedBody} ` })];
    expect(answers.map(({ status }) => status)).toEqual([200, 401]);
  });

  test('with several headers, one of which is good', async () => {
    const sent = { body: '{}' };
    const wrong = header({ ...sent, key: testKey('ed25519:p2') });
    expect((await send(sent, [wrong, header(sent)])).status).toBe(200);
    expect(await send(sent, [wrong])).toMatchObject(refused);
    expect(await send(sent, ['Bearer x', header(sent)])).toMatchObject({ status: 200 });
  });

  test.each([
    ['of another path', { uri: '/_matrix/federation/v1/echo/c' }],
    ['of another method', { method: 'GET' }],
    ['of another body', { signedBody: '{"a":2}' }],
    ['for another server', { destination: 'them.test' }],
    ['with another key under the same id', { key: testKey('ed25519:p1', 'forged') }],
    ['with an unknown key', { key: testKey('ed25519:p9') }],
  ])('%s are refused', async (_what, changes: Sent) => {
    const sent = { body: '{"a":1}' };
    expect(await send(sent, header({ ...sent, ...changes }))).toMatchObject(refused);
  });

  test('without a header, in our own name, from an excluded server: refused', async () => {
    expect(await edge.ask('PUT', uri)).toMatchObject(refused);
    const own = signRequest(
      {
        method: 'PUT',
        uri,
        origin: us.identity.serverName,
        destination: us.identity.serverName,
        contentJson: undefined,
      },
      us.identity.signingKey,
    );
    expect(await edge.ask('PUT', uri, { headers: { Authorization: own } })).toMatchObject(refused);
    const denied = header({}).replace(`origin="${peerName}"`, 'origin="denied.test"');
    expect(await edge.ask('PUT', uri, { headers: { Authorization: denied } })).toMatchObject({ status: 403 });
  });

  test('without a destination, as older servers send them', async () => {
    const sent = { body: '{}' };
    expect((await send(sent, header(sent).replace('destination="us.test",', ''))).status).toBe(200);
  });

  test('with a key that its server retired or let run out: refused', async () => {
    peer.handler = () => [502, 'down'];
    await us.clock.advance(30 * DAY_MS);
    expect(await send({ body: '{}' })).toMatchObject(refused);
    const next = testKey('ed25519:p3');
    const old = { 'ed25519:p1': { key: peerKey.publicKey, expired_ts: us.clock.now() } };
    peer.handler = () => [200, keyDocument(peerName, { keys: [next], old, validUntilTs: us.clock.now() + DAY_MS })];
    await us.clock.advance(600_000);
    expect(await send({ body: '{}' })).toMatchObject(refused);
    expect((await send({ body: '{}', key: next })).status).toBe(200);
    peer.handler = () => [200, peerDocument([peerKey, next])];
    await us.clock.advance(3 * DAY_MS);
    expect((await send({ body: '{}' })).status).toBe(200);
  });

  test('show that a server is back, which ends its back-off', async () => {
    peer.handler = () => [503, 'down'];
    const call = {
      destination: peerName,
      method: 'GET',
      path: '/x',
      timeoutMs: 5000,
      responseSizeBytesMax: 99,
    } as const;
    await expect(us.peers.call(call)).rejects.toThrow(PeerError);
    expect(us.peers.isLeftAlone(peerName)).toBe(true);
    const forged = { body: '{}', key: testKey('ed25519:p1', 'forged') };
    await send(forged);
    expect(us.peers.isLeftAlone(peerName)).toBe(true);
    const reachable: string[] = [];
    us.peers.onReachable((server) => reachable.push(server));
    expect((await send({ body: '{}' })).status).toBe(200);
    expect([us.peers.isLeftAlone(peerName), reachable]).toEqual([false, [peerName]]);
    expect(await us.peers.administration.show(peerName)).toMatchObject({ last_heard_ts: us.clock.now() });
  });
});

describe('administration', () => {
  const as = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });
  const base = '/_kintsugi/admin/v1/federation';

  test('is for administrators', async () => {
    for (const { declaration } of federationEndpoints.filter(({ declaration: { auth } }) => auth === 'admin')) {
      const [method = '', path = ''] = declaration.route.split(' ');
      const at = path.replace('{serverName}', 'a.test').replace('{keyId}', 'ed25519:1');
      expect((await edge.ask(method, at, as('user'))).status).toBe(403);
    }
  });

  test('lists, shows and retries', async () => {
    peer.handler = () => [503, 'down'];
    const call = {
      destination: peerName,
      method: 'GET',
      path: '/x',
      timeoutMs: 5000,
      responseSizeBytesMax: 99,
    } as const;
    await us.peers.call(call).catch(() => undefined);
    const list = await edge.ask('GET', `${base}/destinations?state=failing&limit=5`, as('admin'));
    expect(list.json).toMatchObject({ destinations: [{ destination: peerName, stage: 'http' }], total: 1 });
    expect((await edge.ask('GET', '/_synapse/admin/v1/federation/destinations', as('admin'))).json.total).toBe(1);
    const at = `${base}/destinations/${peerName}`;
    expect((await edge.ask('GET', at, as('admin'))).json).toMatchObject({ keys: [{}, {}], state: 'failing' });
    expect((await edge.ask('GET', `${base}/destinations/never.test`, as('admin'))).status).toBe(404);
    expect(await edge.ask('POST', `${at}/retry`, as('admin'))).toMatchObject({ status: 200, json: {} });
    expect(us.peers.isLeftAlone(peerName)).toBe(false);
    expect((await edge.ask('POST', `${base}/retry`, as('admin'))).json).toEqual({ retried: 1 });
    expect((await edge.ask('POST', `${base}/destinations/never.test/retry`, as('admin'))).json.errcode).toBe(
      'M_BAD_STATE',
    );
  });

  test('shows refused keys and takes one by word of the administrator', async () => {
    const { json } = await edge.ask('GET', `${base}/key-conflicts`, as('admin'));
    const conflict = (json.key_conflicts as { key_id: string; refused_key: string }[])[0]!;
    expect(conflict).toMatchObject({ server_name: peerName, kept_key: peerKey.publicKey });
    const at = `${base}/destinations/${peerName}/keys/${conflict.key_id}/accept`;
    const body = (key: string) => ({ ...as('admin'), body: JSON.stringify({ key }) });
    expect((await edge.ask('POST', at, body('other'))).status).toBe(404);
    expect((await edge.ask('POST', at, body(conflict.refused_key))).status).toBe(200);
    expect((await edge.ask('GET', `${base}/key-conflicts`, as('admin'))).json).toEqual({ key_conflicts: [] });
  });
});
