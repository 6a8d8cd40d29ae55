import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { keyDocument, type PeerServer, startPeerServer, testKey } from '../../../tests/harness/peer-server.ts';
import { openPeers, type TestPeers } from '../../../tests/harness/peers.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { ServerName, UserId } from '../../protocol/ids/branded.ts';
import { parseServerName } from '../../protocol/ids/server-name.ts';
import { signJson } from '../../protocol/signing/sign-json.ts';
import { internNames } from '../../storage/stores/names.ts';
import { isGoodAt, type KeyWanted, type VerifyKey } from './verify-key.ts';

const DAY_MS = 24 * 3_600_000;
const notaryKey = testKey('ed25519:notary');
const one = testKey('ed25519:1');
let us: TestPeers;
let notary: PeerServer;
let notaryName: ServerName;
let peer: PeerServer;
let name: ServerName;
/** What the notary knows, by server. */
const vouched = new Map<string, JsonObject>();

beforeAll(async () => {
  notary = await startPeerServer();
  notaryName = parseServerName(`one.peers.test:${notary.port}`);
  us = await openPeers({ config: { trustedKeyServers: [notaryName] } });
  for (const host of ['peer.test', 'one.peers.test']) us.dns.records.set(host, { A: ['127.0.0.1'] });
});
afterAll(async () => {
  await us[Symbol.asyncDispose]();
  await notary[Symbol.asyncDispose]();
});
beforeEach(async () => {
  peer = await startPeerServer();
  name = parseServerName(`peer.test:${peer.port}`);
  vouched.clear();
  us.logged.length = 0;
  // What was asked in another test is long ago.
  await us.clock.advance(3_600_000);
  notary.requests.length = 0;
  notary.handler = ({ method, body }) => {
    if (method === 'GET') {
      return [200, keyDocument(notaryName, { keys: [notaryKey], validUntilTs: us.clock.now() + DAY_MS })];
    }
    const { server_keys: asked } = JSON.parse(body) as { server_keys: Record<string, object> };
    const known = Object.keys(asked).flatMap((server): JsonObject[] =>
      vouched.has(server) ? [vouched.get(server)!] : [],
    );
    return [200, { server_keys: known.map((value) => signJson(value, { name: notaryName, key: notaryKey })) }];
  };
});
afterEach(() => peer[Symbol.asyncDispose]());

const documentOf = (server: string, changes: Partial<Parameters<typeof keyDocument>[1]> = {}): JsonObject =>
  keyDocument(server, { keys: [one], validUntilTs: us.clock.now() + DAY_MS, ...changes });
const publish = (changes: Parameters<typeof documentOf>[1] = {}): void => {
  peer.handler = () => [200, documentOf(name, changes)];
};
const want = (keyId = 'ed25519:1', atTs = us.clock.now()): KeyWanted => ({ server: name, keyId, atTs });
const key = async (...wants: KeyWanted[]): Promise<VerifyKey | undefined> => {
  const all = wants.length === 0 ? [want()] : wants;
  return (await us.peers.keysFor(all, 10_000))(all[0]!.server, all[0]!.keyId);
};
const queries = (): JsonObject[] =>
  notary.requests.filter(({ method }) => method === 'POST').map(({ body }) => JSON.parse(body) as JsonObject);

test('a key comes from its server once, for all who ask, and is known after a restart', async () => {
  publish();
  const found = await Promise.all([key(), key(), key(want(), want('ed25519:9'))]);
  expect(found.map((each) => each?.publicKey)).toEqual([one.publicKey, one.publicKey, one.publicKey]);
  expect(peer.requests.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /_matrix/key/v2/server']);
  await us.restart();
  expect(us.peers.findKey(name, 'ed25519:1')).toBeUndefined();
  expect((await key())?.publicKey).toBe(one.publicKey);
  expect(us.peers.findKey(name, 'ed25519:1')?.publicKey).toBe(one.publicKey);
  expect(peer.requests).toHaveLength(1);
});

test('who asks while an answer is being stored waits for it as well', async () => {
  const busy: Promise<unknown>[] = [];
  peer.handler = () => {
    // The database has so much to write that there is time to ask.
    for (let batch = 0; batch < 20; batch += 1) {
      const users = Array.from({ length: 1000 }, (_, index) => `@u${batch}-${index}:test` as UserId);
      busy.push(us.db.write(internNames, { users, types: [], stateKeys: [] }));
    }
    return [200, documentOf(name)];
  };
  const first = key();
  const asked = [first];
  let isHere = false;
  void first.finally(() => {
    isHere = true;
  });
  while (!isHere) {
    asked.push(key());
    await new Promise(setImmediate);
  }
  expect(new Set((await Promise.all(asked)).map((each) => each?.publicKey))).toEqual(new Set([one.publicKey]));
  expect(peer.requests).toHaveLength(1);
  await Promise.all(busy);
});

test('a key is fetched again when it must be good for longer, which ends after 7 days', async () => {
  publish({ validUntilTs: us.clock.now() + 365 * DAY_MS });
  expect((await key())?.validUntilTs).toBe(us.clock.now() + 7 * DAY_MS);
  await us.clock.advance(8 * DAY_MS);
  expect(isGoodAt((await key())!, us.clock.now())).toBe(true);
  expect(peer.requests).toHaveLength(2);
  // For what was signed before, what is known is enough.
  await us.clock.advance(8 * DAY_MS);
  await key(want('ed25519:1', us.clock.now() - 5 * DAY_MS), want('ed25519:1', 0));
  expect(peer.requests).toHaveLength(2);
});

test('a key that its server does not have is not asked for again and again', async () => {
  publish();
  expect(await key(want('ed25519:9'))).toBeUndefined();
  expect(await key(want('ed25519:8'))).toBeUndefined();
  expect(peer.requests).toHaveLength(1);
  await us.clock.advance(31_000);
  expect(await key(want('ed25519:9'))).toBeUndefined();
  expect(peer.requests).toHaveLength(2);
});

test('a server that changes its key soon after it was asked is believed soon', async () => {
  publish();
  expect((await key())?.publicKey).toBe(one.publicKey);
  const next = testKey('ed25519:2');
  publish({ keys: [next] });
  await us.clock.advance(200);
  // What was answered before says nothing against the new key.
  expect(await key(want('ed25519:2'))).toBeUndefined();
  await us.clock.advance(1000);
  expect((await key(want('ed25519:2')))?.publicKey).toBe(next.publicKey);
  expect(peer.requests).toHaveLength(2);
  // One that it does not have keeps it from being asked for longer, however often it is wanted.
  await us.clock.advance(2000);
  for (let wanted = 0; wanted < 10; wanted += 1) {
    expect(await key(want('ed25519:9'))).toBeUndefined();
    await us.clock.advance(2000);
  }
  expect(peer.requests).toHaveLength(3);
});

test('a server that fails is asked later and later', async () => {
  peer.handler = () => [500, 'no'];
  const asked: number[] = [];
  for (const waitMs of [0, 5000, 6000, 10_000, 11_000, 300_000]) {
    await us.clock.advance(waitMs);
    await key();
    asked.push(peer.requests.length);
  }
  expect(asked).toEqual([1, 1, 2, 2, 3, 4]);
  publish();
  await us.clock.advance(300_000);
  expect((await key())?.publicKey).toBe(one.publicKey);
});

test('a document that cannot be believed is refused', async () => {
  const other = testKey('ed25519:2');
  for (const document of [documentOf(name, { signedWith: [other] }), documentOf('other.test'), { server_name: name }]) {
    peer.handler = () => [200, document];
    expect(await key()).toBeUndefined();
    await us.clock.advance(600_000);
  }
  expect(us.logged.join()).toContain('its key document is refused: its signature is wrong');
  expect(us.peers.troubleOf(name)).toBeUndefined();
});

test('old keys are good for what they signed', async () => {
  const expiredTs = us.clock.now() - DAY_MS;
  publish({ old: { 'ed25519:0': { key: testKey('ed25519:0').publicKey, expired_ts: expiredTs } } });
  const old = await key(want('ed25519:0', expiredTs - 1));
  expect([isGoodAt(old!, expiredTs - 1), isGoodAt(old!, expiredTs)]).toEqual([true, false]);
  await us.clock.advance(DAY_MS);
  await key(want('ed25519:0', expiredTs - 1));
  expect(peer.requests).toHaveLength(1);
});

test('where the server does not answer, a notary is asked', async () => {
  peer.handler = () => [502, 'down'];
  vouched.set(name, documentOf(name));
  expect((await key())?.publicKey).toBe(one.publicKey);
  expect(queries()).toEqual([{ server_keys: { [name]: { 'ed25519:1': { minimum_valid_until_ts: us.clock.now() } } } }]);
  expect(await key(want('ed25519:9'))).toBeUndefined();
  expect(await key(want('ed25519:9'))).toBeUndefined();
  expect(queries()).toHaveLength(2);
});

test.each([
  ['the notary did not sign', (document: JsonObject) => document],
  ['somebody else signed for it', (document: JsonObject) => signJson(document, { name: notaryName, key: one })],
  [
    'its server did not sign',
    ({ signatures: _signatures, ...document }: JsonObject) => signJson(document, { name: notaryName, key: notaryKey }),
  ],
])("a notary's document that %s is passed over", async (_what, change) => {
  peer.handler = () => [502, 'down'];
  const { handler } = notary;
  notary.handler = (request, response) =>
    request.method === 'GET' ? handler(request, response) : [200, { server_keys: [change(documentOf(name)), 7] }];
  expect(await key()).toBeUndefined();
});

test('many at a time: the notary is asked first, in batches, and those it does not know are asked themselves', async () => {
  publish();
  const servers = Array.from({ length: 150 }, (_, index) => parseServerName(`s${index}.peers.test:1`));
  for (const server of servers) vouched.set(server, documentOf(server));
  const wants = servers.map((server) => ({ server, keyId: 'ed25519:1', atTs: us.clock.now() }));
  const find = await us.peers.keysFor([...wants, want()], 10_000);
  expect(servers.map((server) => find(server, 'ed25519:1')?.publicKey)).toEqual(servers.map(() => one.publicKey));
  expect(find(name, 'ed25519:1')?.publicKey).toBe(one.publicKey);
  expect(queries().map(({ server_keys: asked }) => Object.keys(asked as object).length)).toEqual([100, 51]);
  expect(peer.requests).toHaveLength(1);
});

test('who waits, waits no longer than they said; what comes later is kept', async () => {
  const gate = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  peer.handler = async () => {
    asked.resolve();
    await gate.promise;
    return [200, documentOf(name)];
  };
  const late = us.peers.keysFor([want()], 1000);
  await asked.promise;
  await us.clock.advance(1000);
  expect((await late)(name, 'ed25519:1')).toBeUndefined();
  gate.resolve();
  expect((await key())?.publicKey).toBe(one.publicKey);
  expect(peer.requests).toHaveLength(1);
});

test('another key under a known id is refused and alarms; the operator may take it', async () => {
  publish();
  await key();
  const forged = testKey('ed25519:1', 'another');
  publish({ keys: [forged, testKey('ed25519:2')] });
  await us.clock.advance(60_000);
  expect((await key(want('ed25519:2')))?.publicKey).toBe(testKey('ed25519:2').publicKey);
  expect((await key())?.publicKey).toBe(one.publicKey);
  const alarms = us.logged.filter((line) => line.includes('ALARM'));
  expect(alarms).toEqual([expect.stringContaining(forged.publicKey)]);
  expect(await us.peers.administration.keyConflicts()).toMatchObject({
    key_conflicts: [{ server_name: name, kept_key: one.publicKey, refused_key: forged.publicKey, source: name }],
  });
  expect(await us.peers.administration.show(name)).toMatchObject({ key_conflicts: [{ key_id: 'ed25519:1' }] });
  expect(await us.metrics.render()).toContain('kintsugi_federation_keys_refused_total 1');
  expect(await us.peers.administration.acceptKey(name, 'ed25519:1', one.publicKey)).toBe(false);
  expect(await us.peers.administration.acceptKey(name, 'ed25519:1', forged.publicKey)).toBe(true);
  expect((await key())?.publicKey).toBe(forged.publicKey);
});

test('our own keys need nobody', async () => {
  const { serverName, signingKey } = us.identity;
  const find = await us.peers.keysFor([{ server: serverName, keyId: signingKey.keyId, atTs: us.clock.now() }], 1000);
  expect(find(serverName, signingKey.keyId)?.publicKey).toBe(signingKey.publicKey);
  expect(find(serverName, 'ed25519:none')).toBeUndefined();
  expect(notary.requests).toEqual([]);
});
