// A room of two servers with a policy server: nothing is sent to it that the policy server did not sign.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '../../src/protocol/events/json.ts';
import { parsePdu } from '../../src/protocol/events/parse-pdu.ts';
import type { RoomId } from '../../src/protocol/ids/branded.ts';
import { roomVersion } from '../../src/protocol/room-versions/room-versions.ts';
import { addEventSignature, signEvent } from '../../src/protocol/signing/sign-event.ts';
import { type AskingServer, startAskingServer } from '../harness/asking-server.ts';
import type { AnyJson, TestClient } from '../harness/client.ts';
import { type FederatedServer, type Federation, startFederation } from '../harness/federated.ts';
import { type PeerRequest, testKey } from '../harness/peer-server.ts';
import { historyOf, inRoom, newRoom, putState, roomPath, stateOf } from '../harness/room-client.ts';
import { until } from '../harness/until.ts';

const version = roomVersion('11')!;
const key = testKey('ed25519:policy_server');
/** The policy server's own, as a server among others. */
const serverKey = testKey('ed25519:asking');
const id = encodeURIComponent;

let federation: Federation;
let a: FederatedServer;
let b: FederatedServer;
let alice: TestClient;
let bob: TestClient;
let judge: AskingServer;
/** What the policy server was asked to sign. */
const asked: AnyJson[] = [];

const judgement = ({ body }: PeerRequest): [number, JsonObject] => {
  const pdu = JSON.parse(body) as AnyJson;
  asked.push(pdu);
  if (JSON.stringify(pdu.content).includes('spam')) return [400, { errcode: 'M_FORBIDDEN', error: 'No spam, please' }];
  const { signatures } = addEventSignature(pdu, version, { name: judge.name, key }) as AnyJson;
  return [200, { [judge.name]: { 'ed25519:policy_server': signatures[judge.name]['ed25519:policy_server'] } }];
};

beforeAll(async () => {
  federation = await startFederation();
  [a, b] = federation.servers as [FederatedServer, FederatedServer];
  [alice, bob] = await Promise.all([a.register('alice'), b.register('bob')]);
  judge = await startAskingServer(Date.now());
  const { handler } = judge.peer;
  judge.peer.handler = (request, response) => {
    if (request.url === '/_matrix/policy/v1/sign') return judgement(request);
    if (request.url.startsWith('/_matrix/federation/v1/send/')) return [200, { pdus: {} }];
    if (request.url.startsWith('/_matrix/federation/v2/invite/')) {
      const { event } = JSON.parse(request.body) as { event: JsonObject };
      return [200, { event: addEventSignature(event, version, { name: judge.name, key: serverKey }) }];
    }
    return handler(request, response);
  };
});
afterAll(async () => {
  await judge[Symbol.asyncDispose]();
  await federation[Symbol.asyncDispose]();
});

const policyContent = (): JsonObject => ({ via: judge.name, public_keys: { ed25519: key.publicKey } });

/** A public room of alice's with the policy server in it. */
const protectedRoom = async (): Promise<string> => {
  const roomId = await newRoom(alice, { preset: 'public_chat', room_version: '11' });
  const user = judge.userId('judge');
  const member = { type: 'm.room.member', stateKey: user, sender: user, content: { membership: 'join' } };
  const { pdu } = await a.parts.rooms.template(roomId as RoomId, member);
  const join = signEvent(pdu, version, { name: judge.name, key: serverKey });
  const { eventId } = parsePdu(join, version).event;
  const taken = await judge.ask(a.name, 'PUT', `/_matrix/federation/v2/send_join/${id(roomId)}/${id(eventId)}`, join);
  expect(taken.status).toBe(200);
  await alice.ok(putState(alice, roomId, 'm.room.policy', policyContent()));
  asked.splice(0);
  return roomId;
};

const joinVia = (client: TestClient, roomId: string, server: FederatedServer) =>
  client.post(`/_matrix/client/v3/join/${id(roomId)}?via=${server.name}`);

const sees = (client: TestClient, roomId: string, body: string): Promise<AnyJson> =>
  until(`"${body}" seen by ${client.userId}`, async () =>
    (await historyOf(client, roomId)).find((event) => event.content.body === body),
  );

/** Who signed an event, as another server gets it. */
const signersOf = async (eventId: string, of = a): Promise<Record<string, string[]>> => {
  const { body } = await judge.get(of.name, `/_matrix/federation/v1/event/${id(eventId)}`);
  const { signatures } = body.pdus[0] as { signatures: Record<string, object> };
  return Object.fromEntries(Object.entries(signatures).map(([server, keys]) => [server, Object.keys(keys).sort()]));
};

const BY_JUDGE = ['ed25519:policy_server'];

test('what both servers send is signed once, and refused in the words of the policy server', async () => {
  const roomId = await protectedRoom();
  await bob.ok(joinVia(bob, roomId, a));
  const said = [await alice.say(roomId, 'by alice'), await bob.say(roomId, 'by bob')];
  await sees(bob, roomId, 'by alice');
  await sees(alice, roomId, 'by bob');
  const { eventId: joined } = (await (await a.parts.rooms.view(roomId as RoomId)).get('m.room.member', bob.userId))!;
  for (const eventId of [...said, joined]) expect((await signersOf(eventId))[judge.name]).toEqual(BY_JUDGE);
  expect(asked.map(({ type, sender }) => `${type} ${sender}`)).toEqual([
    `m.room.member ${bob.userId}`,
    `m.room.message ${alice.userId}`,
    `m.room.message ${bob.userId}`,
  ]);

  for (const client of [alice, bob]) {
    const refused = await client.put(roomPath(roomId, 'send', 'm.room.message', 'txn'), { body: 'spam' });
    expect(refused).toMatchObject({ status: 400, body: { errcode: 'M_FORBIDDEN', error: 'No spam, please' } });
  }
  const topic = await putState(alice, roomId, 'm.room.topic', { topic: 'spam' });
  expect(topic).toMatchObject({ status: 400, body: { errcode: 'M_FORBIDDEN' } });
  const bodies = (await historyOf(alice, roomId)).map(({ content }) => content.body);
  expect(bodies).not.toContain('spam');
});

test('members come and go by its leave', async () => {
  const roomId = await protectedRoom();
  const spammer = await b.register('spammer');
  expect(await joinVia(spammer, roomId, a)).toMatchObject({ status: 403, body: { errcode: 'M_FORBIDDEN' } });
  const [carol, dave] = await Promise.all([a.register('carol'), a.register('dave')]);
  const spam = { reason: 'spam' };
  expect(await inRoom(carol, roomId, 'join', spam)).toMatchObject({ status: 400, body: { errcode: 'M_FORBIDDEN' } });
  await carol.ok(inRoom(carol, roomId, 'join'));
  const inviting = inRoom(alice, roomId, 'invite', { user_id: dave.userId, ...spam });
  expect(await inviting).toMatchObject({ status: 400, body: { errcode: 'M_FORBIDDEN', error: 'No spam, please' } });
  await alice.ok(inRoom(alice, roomId, 'invite', { user_id: dave.userId }));
  for (const { userId } of [carol, dave]) {
    const { eventId } = (await (await a.parts.rooms.view(roomId as RoomId)).get('m.room.member', userId))!;
    expect((await signersOf(eventId))[judge.name]).toEqual(BY_JUDGE);
  }
  const invited = judge.userId('guest');
  await alice.ok(inRoom(alice, roomId, 'invite', { user_id: invited }));
  const invite = (await (await a.parts.rooms.view(roomId as RoomId)).get('m.room.member', invited))!;
  // The invited user's server is the policy server: it signed as both.
  expect((await signersOf(invite.eventId))[judge.name]).toEqual(['ed25519:asking', ...BY_JUDGE]);
  await alice.ok(putState(alice, roomId, 'm.room.join_rules', { join_rule: 'knock' }));
  const knocked = await bob.post(`/_matrix/client/v3/knock/${id(roomId)}?via=${a.name}`, { reason: 'spam' });
  expect(knocked).toMatchObject({ status: 403, body: { errcode: 'M_FORBIDDEN' } });
  await bob.ok(bob.post(`/_matrix/client/v3/knock/${id(roomId)}?via=${a.name}`, { reason: 'tea' }));
  expect(await stateOf(alice, roomId, 'm.room.member', bob.userId)).toMatchObject({ membership: 'knock' });
});

test('several at once, one of them twice, are each sent once', async () => {
  const roomId = await protectedRoom();
  await bob.ok(joinVia(bob, roomId, a));
  asked.splice(0);
  const send = (client: TestClient, txnId: string) =>
    client.ok(client.put(roomPath(roomId, 'send', 'm.room.message', txnId), { body: txnId, msgtype: 'm.text' }));
  const txnIds = Array.from({ length: 12 }, (_, at) => `at once ${at}`);
  const sent = await Promise.all([...txnIds, txnIds[0]!].map((txnId) => send(alice, txnId)));
  const ids = sent.map(({ event_id: eventId }) => eventId as string);
  expect(ids.at(-1)).toBe(ids[0]);
  expect(new Set(ids).size).toBe(txnIds.length);
  expect(asked).toHaveLength(txnIds.length);
  for (const txnId of txnIds) await sees(bob, roomId, txnId);
  expect((await send(alice, txnIds[3]!)).event_id).toBe(ids[3]);
  await send(bob, 'and on');
  await sees(alice, roomId, 'and on');
});

test('while the policy server does not answer nothing is sent, but the room can do without it', async () => {
  const roomId = await protectedRoom();
  const { handler } = judge.peer;
  judge.peer.handler = (request, response) =>
    request.url.includes('/policy/') ? [503, 'down'] : handler(request, response);
  try {
    const failed = await alice.put(roomPath(roomId, 'send', 'm.room.message', 'down'), { body: 'anybody?' });
    expect(failed).toMatchObject({ status: 502, body: { errcode: 'M_UNKNOWN' } });
    expect(failed.body.error).toContain(`policy server ${judge.name}`);
    await alice.ok(putState(alice, roomId, 'm.room.policy', {}));
    expect(await signersOf(await alice.say(roomId, 'free'))).toEqual({ [a.name]: [a.parts.identity.signingKey.keyId] });
  } finally {
    judge.peer.handler = handler;
  }
});

test('a new room stays although a user of another server could not be invited', async () => {
  const nowhere = '@eve:127.0.0.1:1';
  const roomId = await newRoom(alice, { invite: [nowhere, bob.userId] });
  await alice.say(roomId, 'to myself');
  expect(await stateOf(alice, roomId, 'm.room.member', nowhere)).toBeUndefined();
  expect(await stateOf(alice, roomId, 'm.room.member', bob.userId)).toMatchObject({ membership: 'invite' });
});
