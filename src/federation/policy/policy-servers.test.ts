import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createForeignRoom } from '../../../tests/harness/foreign-events.ts';
import { type PeerHandler, type PeerServer, startPeerServer, testKey } from '../../../tests/harness/peer-server.ts';
import { openPeers, type TestPeers } from '../../../tests/harness/peers.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import { parseServerName } from '../../protocol/ids/server-name.ts';
import { addEventSignature } from '../../protocol/signing/sign-event.ts';
import type { PolicyServerPort } from '../../rooms/ports.ts';
import { createPolicyServers } from './policy-servers.ts';

const key = testKey('ed25519:policy_server');
const room = createForeignRoom();
const { version } = room;

let us: TestPeers;
let peer: PeerServer;
let via: ServerName;
let policyServers: PolicyServerPort;

beforeAll(async () => {
  us = await openPeers();
  peer = await startPeerServer();
  via = parseServerName(`127.0.0.1:${peer.port}`);
  policyServers = createPolicyServers(us.peers);
});
afterAll(async () => {
  await peer[Symbol.asyncDispose]();
  await us[Symbol.asyncDispose]();
});
beforeEach(() => {
  peer.requests.splice(0);
});

const sign = (handler: PeerHandler, event = room.make({ type: 'm.test', sender: room.creator })) => {
  peer.handler = handler;
  return policyServers.sign({ via, key: key.publicKey }, event, version);
};

const signatureBy = (signer: typeof key, body: string): JsonObject => {
  const { signatures } = addEventSignature(JSON.parse(body) as JsonObject, version, { name: via, key: signer });
  return { [via]: (signatures as Record<string, JsonObject>)[via]! };
};

test('an event is sent as it is and comes back with one signature more', async () => {
  const event = room.make({ type: 'm.test', sender: room.creator, content: { body: 'ä' } });
  const signed = await sign(({ body }) => [200, signatureBy(key, body)], event);
  expect(peer.requests).toMatchObject([{ method: 'POST', url: '/_matrix/policy/v1/sign', body: event.pduJson }]);
  expect(peer.requests[0]?.authorization).toMatch(/^X-Matrix /);
  expect(signed.event).toEqual(event.event);
  const signers = Object.entries(signed.pdu.signatures as JsonObject).map(([name, keys]) => [name, Object.keys(keys!)]);
  expect(signers).toEqual([
    ['elsewhere.example', ['ed25519:test']],
    [via, ['ed25519:policy_server']],
  ]);
});

test('what the policy server refuses is refused in its words', async () => {
  const refused = sign(() => [400, { errcode: 'M_FORBIDDEN', error: 'The message appears to contain possible spam' }]);
  const said = { errcode: 'M_FORBIDDEN', message: 'The message appears to contain possible spam' };
  await expect(refused).rejects.toMatchObject({ status: 400, ...said });
  const busy = sign(() => [429, { errcode: 'M_LIMIT_EXCEEDED', error: 'slower', retry_after_ms: 700 }]);
  const slower = { status: 429, errcode: 'M_LIMIT_EXCEEDED', fields: { retry_after_ms: 700 } };
  await expect(busy).rejects.toMatchObject(slower);
});

test('what is neither a signature nor a refusal fails with the name of the server', async () => {
  const answers: [string, PeerHandler][] = [
    ['no policy server', () => [404, { errcode: 'M_UNRECOGNIZED', error: 'what?' }]],
    ['words for clients of its own', () => [400, { errcode: 'M_UNKNOWN_TOKEN', error: 'log out', soft_logout: false }]],
    ['nothing', () => [200, {}]],
    ['something', () => [200, { [via]: 'x' }]],
    ["another's signature", ({ body }) => [200, { 'elsewhere.example': signatureBy(key, body)[via]! }]],
    ['another key', ({ body }) => [200, signatureBy(testKey('ed25519:policy_server', 'another'), body)]],
    ['no JSON', () => [200, 'ok']],
    ['a fault', () => [500, { errcode: 'M_UNKNOWN', error: 'oops' }]],
  ];
  for (const [what, handler] of answers) {
    const failure = await sign(handler).catch((error: unknown) => error);
    expect([what, failure]).toMatchObject([what, { status: 502, errcode: 'M_UNKNOWN' }]);
    expect((failure as Error).message).toContain(`policy server ${via}`);
  }
});

test("the policy server may go by this server's own name", async () => {
  await using own = await openPeers({ serverName: via });
  peer.handler = ({ body }) => [200, signatureBy(key, body)];
  const event = room.make({ type: 'm.test', sender: room.creator });
  const signed = await createPolicyServers(own.peers).sign({ via, key: key.publicKey }, event, version);
  expect(signed.pdu.signatures).toHaveProperty([via, 'ed25519:policy_server']);
});
