// A user comes back into a room with a policy server, through a server that does not ask that one for its signature.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '../../src/protocol/events/json.ts';
import { addEventSignature } from '../../src/protocol/signing/sign-event.ts';
import type { AnyJson, TestClient } from '../harness/client.ts';
import { type FederatedServer, startFederated } from '../harness/federated.ts';
import { createForeignRoom, testSigningKey } from '../harness/foreign-events.ts';
import { keyDocument, type PeerServer, startPeerServer, testKey } from '../harness/peer-server.ts';
import { inRoom, stateOf } from '../harness/room-client.ts';

const key = testKey('ed25519:policy_server');

let server: FederatedServer;
let peer: PeerServer;
let bob: TestClient;

beforeAll(async () => {
  [server, peer] = await Promise.all([startFederated(), startPeerServer()]);
  bob = await server.register('bob');
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await peer[Symbol.asyncDispose]();
});

test('the join is shown to the policy server, and counts', async () => {
  const name = `127.0.0.1:${peer.port}`;
  const room = createForeignRoom({ creator: `@eve:${name}` });
  const content = { via: name, public_keys: { ed25519: key.publicKey } };
  room.add({ type: 'm.room.policy', stateKey: '', sender: room.creator, content });
  const state = [...room.events.values()];
  const asked: string[] = [];
  const of = (type: string): string => state.find(({ event }) => event.type === type)!.event.eventId;
  const template = {
    type: 'm.room.member',
    room_id: room.roomId,
    sender: bob.userId,
    state_key: bob.userId,
    content: { membership: 'join' },
    depth: 9,
    origin_server_ts: 1,
    prev_events: [...room.tips],
    auth_events: ['m.room.create', 'm.room.power_levels', 'm.room.join_rules'].map(of),
  };
  const joined = { origin: name, state: state.map(({ pdu }) => pdu), auth_chain: state.map(({ pdu }) => pdu) };
  peer.handler = ({ url, body }): [number, JsonObject] => {
    if (url.startsWith('/_matrix/key/')) {
      return [200, keyDocument(name, { keys: [testSigningKey], validUntilTs: Date.now() + 86_400_000 })];
    }
    if (url.includes('/make_join/')) return [200, { room_version: '11', event: template }];
    if (url.includes('/send_join/')) return [200, joined];
    if (url.includes('/send/')) return [200, { pdus: {} }];
    if (url !== '/_matrix/policy/v1/sign') return [404, { errcode: 'M_NOT_FOUND', error: 'Not here' }];
    const pdu = JSON.parse(body) as AnyJson;
    asked.push(`${pdu.sender} ${pdu.content.membership}`);
    const { signatures } = addEventSignature(pdu, room.version, { name, key }) as AnyJson;
    return [200, { [name]: { 'ed25519:policy_server': signatures[name]['ed25519:policy_server'] } }];
  };
  const join = () => bob.post(`/_matrix/client/v3/join/${encodeURIComponent(room.roomId)}?via=${name}`);
  expect(await join()).toMatchObject({ status: 200 });
  await bob.ok(inRoom(bob, room.roomId, 'leave'));
  expect(await join()).toMatchObject({ status: 200 });
  expect(await stateOf(bob, room.roomId, 'm.room.member', bob.userId)).toMatchObject({ membership: 'join' });
  expect(asked).toEqual(['join', 'leave', 'join'].map((membership) => `${bob.userId} ${membership}`));
});
