import { afterEach, expect, test } from 'vitest';
import { type FreshDatabase, openFreshSqlite } from '../../../tests/harness/databases.ts';
import { createForeignRoom } from '../../../tests/harness/foreign-events.ts';
import { openTestRooms } from '../../../tests/harness/rooms.ts';
import { forbidden } from '../../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import { type ParsedPdu, parsePdu } from '../../protocol/events/parse-pdu.ts';
import type { EventId, ServerName, UserId } from '../../protocol/ids/branded.ts';
import { addEventSignature } from '../../protocol/signing/sign-event.ts';
import { type SigningKey, signingKeyFromSeed } from '../../protocol/signing/signing-key.ts';
import { eventsById } from '../../storage/stores/events.ts';
import type { PolicyServerPort } from '../ports.ts';
import type { IncomingEvent } from '../receive/incoming.ts';
import type { Draft } from './draft.ts';

const alice = '@alice:example.org' as UserId;
const bob = '@bob:elsewhere.example';
const judge = 'judge.example' as ServerName;

const opened: FreshDatabase[] = [];
afterEach(async () => {
  for (const fresh of opened.splice(0)) await fresh[Symbol.asyncDispose]();
});

const keyOf = (seed: number): SigningKey =>
  signingKeyFromSeed('ed25519:policy_server', Buffer.alloc(32, seed).toString('base64'));

/** A room of another server with a policy server, which alice has joined. */
const enter = async (via: ServerName = judge) => {
  const fresh = await openFreshSqlite();
  opened.push(fresh);
  const db = fresh.database;
  const policy = {
    key: keyOf(9),
    asked: [] as ParsedPdu[],
    /** Before it signs. */
    before: async (_event: ParsedPdu): Promise<void> => undefined,
  };
  const policyServers: PolicyServerPort = {
    async sign(server, pdu, version) {
      policy.asked.push(pdu);
      const { key } = policy;
      await policy.before(pdu);
      return parsePdu(addEventSignature(pdu.pdu, version, { name: server.via, key }), version);
    },
  };
  const { rooms } = openTestRooms(db, { policyServers });
  const room = createForeignRoom();
  await rooms.receive.enterRoom(room.joinOf(alice));
  const { roomId, version } = room;
  const accept = async (event: IncomingEvent): Promise<void> => {
    const wire = addEventSignature(event.pdu, version, { name: via, key: policy.key });
    const whole = { ...event, ...parsePdu(wire, version) };
    const fates = await rooms.receive.accept(roomId, [whole], { as: 'new', onMissing: 'wait' });
    expect(fates).toMatchObject([{ fate: 'accepted' }]);
  };
  const name = (content: JsonObject) => room.add({ type: 'm.room.policy', stateKey: '', sender: bob, content });
  await accept(room.member(`@judge:${judge}`, 'join'));
  await accept(name({ via, public_keys: { ed25519: policy.key.publicKey } }));
  const say = (body: string, more: Partial<Draft> = {}): Draft => ({
    type: 'm.room.message',
    sender: alice,
    content: { body },
    ...more,
  });
  const signersOf = async (eventId: EventId): Promise<[string, string[]][]> => {
    const [stored] = await db.read((tx) => eventsById(tx, [eventId]));
    const { signatures } = JSON.parse(stored!.rest) as { signatures: Record<string, object> };
    return Object.entries(signatures).map(([server, keys]) => [server, Object.keys(keys)]);
  };
  return { db, rooms, room, roomId, policy, accept, name, say, signersOf };
};

const OWN: [string, string[]] = ['example.org', ['ed25519:test']];
const JUDGE: [string, string[]] = [judge, ['ed25519:policy_server']];

test('events get the signature before they are stored, but for the event that names the policy server', async () => {
  const { rooms, roomId, policy, accept, room, say, signersOf } = await enter();
  const levels = { users: { [bob]: 100, [alice]: 100 } };
  await accept(room.add({ type: 'm.room.power_levels', stateKey: '', sender: bob, content: levels }));
  const message = await rooms.send(roomId, say('hello'));
  expect(await signersOf(message.eventId)).toEqual([OWN, JUDGE]);
  const topic = await rooms.sendState(roomId, { ...say(''), type: 'm.room.topic', stateKey: '' });
  expect(await signersOf(topic.eventId)).toEqual([OWN, JUDGE]);
  const [first, second] = await rooms.sendAll(roomId, [say('first'), say('second')]);
  for (const sent of [first!, second!]) expect(await signersOf(sent.eventId)).toEqual([OWN, JUDGE]);
  const state = { type: 'm.room.policy', sender: alice, content: {} };
  const other = await rooms.sendState(roomId, { ...state, stateKey: 'other' });
  expect(await signersOf(other.eventId)).toEqual([OWN, JUDGE]);
  expect(policy.asked).toHaveLength(5);
  const off = await rooms.sendState(roomId, { ...state, stateKey: '' });
  const free = await rooms.send(roomId, say('free'));
  for (const sent of [off, free]) expect(await signersOf(sent.eventId)).toEqual([OWN]);
  expect(policy.asked).toHaveLength(5);
  const extremities = await rooms.receive.extremities(roomId);
  expect(extremities.map(({ eventId }) => eventId)).toEqual([free.eventId]);
});

test("the policy server's signature stands beside that of the origin, also under the same name", async () => {
  const { rooms, roomId, say, signersOf } = await enter('example.org' as ServerName);
  const { eventId } = await rooms.send(roomId, say('hello'));
  expect(await signersOf(eventId)).toEqual([['example.org', ['ed25519:policy_server', 'ed25519:test']]]);
});

test('several are signed at once, and each transaction id stays that of its event', async () => {
  const { db, rooms, roomId, policy, say, signersOf } = await enter();
  const { promise: allAsked, resolve } = Promise.withResolvers<void>();
  policy.before = async () => {
    if (policy.asked.length === 3) resolve();
    await allAsked;
  };
  const transaction = (txnId: string) => ({ device: 1, scope: 'send', txnId });
  const drafts = ['1', '2', '3'].map((body) => say(body, { transaction: transaction(body) }));
  const sending = drafts.map((draft) => rooms.send(roomId, draft));
  // The first try is under way.
  const again = rooms.send(roomId, drafts[0]!);
  const sent = await Promise.all(sending);
  expect((await again).eventId).toBe(sent[0]!.eventId);
  expect(policy.asked).toHaveLength(3);
  expect(new Set(sent.map(({ position }) => position)).size).toBe(3);
  // All were drafted upon the same event.
  const ids = sent.map(({ eventId }) => eventId);
  const tips = await rooms.receive.extremities(roomId);
  expect(tips.map(({ eventId }) => eventId).sort()).toEqual([...ids].sort());
  for (const eventId of ids) expect(await signersOf(eventId)).toEqual([OWN, JUDGE]);
  // Also for a server that was started anew.
  const anew = openTestRooms(db, { policyServers: { sign: async (_server, pdu) => pdu } });
  for (const [at, draft] of drafts.entries()) expect((await anew.rooms.send(roomId, draft)).eventId).toBe(ids[at]);
  const last = await rooms.send(roomId, say('last'));
  expect(await rooms.receive.extremities(roomId)).toMatchObject([{ eventId: last.eventId }]);
});

test('what the policy server refuses is not sent', async () => {
  const { rooms, roomId, policy, say } = await enter();
  policy.before = async ({ event }) => {
    if (event.content.body === 'spam') throw forbidden('no spam');
  };
  const before = await rooms.receive.extremities(roomId);
  const transaction = { device: 1, scope: 'send', txnId: 'a' };
  const refused = rooms.send(roomId, say('spam', { transaction }));
  await expect(refused).rejects.toMatchObject({ errcode: 'M_FORBIDDEN', message: 'no spam' });
  await expect(rooms.sendAll(roomId, [say('fine'), say('spam')])).rejects.toMatchObject({ message: 'no spam' });
  expect(await rooms.receive.extremities(roomId)).toEqual(before);
  const { eventId } = await rooms.send(roomId, say('fine', { transaction }));
  expect(await rooms.receive.extremities(roomId)).toMatchObject([{ eventId }]);
});

test('who may not send any more when the signature comes is refused', async () => {
  const { rooms, room, roomId, policy, accept, say } = await enter();
  const kick = room.member(alice, 'leave', bob);
  policy.before = () => accept(kick);
  await expect(rooms.send(roomId, say('too late'))).rejects.toMatchObject({ status: 403, errcode: 'M_FORBIDDEN' });
  expect(await rooms.receive.extremities(roomId)).toMatchObject([{ eventId: kick.event.eventId }]);
});

test('where the policy server changed meanwhile the new one is asked', async () => {
  const { rooms, roomId, policy, accept, name, say, signersOf } = await enter();
  const next = keyOf(10);
  policy.before = async () => {
    if (policy.key === next) return;
    const renamed = name({ via: judge, public_keys: { ed25519: next.publicKey } });
    await accept(renamed);
    policy.key = next;
  };
  const { eventId } = await rooms.send(roomId, say('hello'));
  expect(policy.asked).toHaveLength(2);
  expect(await signersOf(eventId)).toEqual([OWN, JUDGE]);
  expect(await rooms.receive.extremities(roomId)).toMatchObject([{ eventId }]);
});

test('state that is sent beside what came meanwhile counts', async () => {
  const { rooms, room, roomId, policy, accept, say } = await enter();
  const levels = { users: { [bob]: 100, [alice]: 50 } };
  await accept(room.add({ type: 'm.room.power_levels', stateKey: '', sender: bob, content: levels }));
  policy.before = () => accept(room.say(bob, 'meanwhile'));
  const draft = { ...say(''), type: 'm.room.topic', stateKey: '', content: { topic: 'tea' } };
  const { eventId } = await rooms.sendState(roomId, draft);
  expect((await (await rooms.view(roomId)).get('m.room.topic'))?.eventId).toBe(eventId);
  expect(await rooms.receive.extremities(roomId)).toHaveLength(2);
  // The same again changes nothing.
  expect((await rooms.sendState(roomId, draft)).eventId).toBe(eventId);
});
