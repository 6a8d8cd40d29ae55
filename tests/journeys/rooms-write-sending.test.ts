// Sending over a real server: one order for everybody, once for each transaction, state, redactions, refusals.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ClientAnswer, login, register, type TestClient } from '../harness/client.ts';
import {
  historyOf,
  inRoom,
  join,
  newRoom,
  putState,
  refusal,
  roomPath,
  stateOf,
  wholeState,
} from '../harness/room-client.ts';
import { startServer, type TestServer } from '../harness/server.ts';

let server: TestServer;
let alice: TestClient;
let bob: TestClient;

beforeAll(async () => {
  server = await startServer();
  alice = await register(server.baseUrl, 'alice');
  bob = await register(server.baseUrl, 'bob');
});
afterAll(() => server[Symbol.asyncDispose]());

const publicRoom = async (body: object = {}): Promise<string> => {
  const roomId = await newRoom(alice, { preset: 'public_chat', ...body });
  await join(bob, roomId);
  return roomId;
};

const send = (client: TestClient, roomId: string, txnId: string, content: object, type = 'm.room.message') =>
  client.put(roomPath(roomId, 'send', type, txnId), content);

const text = (body: string) => ({ msgtype: 'm.text', body });

const getEvent = (client: TestClient, roomId: string, eventId: string) =>
  client.ok(client.get(roomPath(roomId, 'event', eventId)));

test('64 senders at once are all served, in one order for everybody', async () => {
  const roomId = await publicRoom();
  const people = await Promise.all(Array.from({ length: 62 }, (_, index) => register(server.baseUrl, `p${index}`)));
  await Promise.all(people.map((person) => join(person, roomId)));
  const senders = [alice, bob, ...people];
  const sent = await Promise.all(
    senders.flatMap((person) => [0, 1, 2].map((index) => person.say(roomId, `${person.userId} ${index}`))),
  );
  expect(new Set(sent).size).toBe(192);
  const orders = await Promise.all(
    [alice, bob, people[40]!].map(async (person) =>
      (await historyOf(person, roomId)).filter(({ type }) => type === 'm.room.message').map(({ event_id: id }) => id),
    ),
  );
  expect(new Set(orders[0])).toEqual(new Set(sent));
  expect(orders[0]).toHaveLength(192);
  expect(orders[1]).toEqual(orders[0]);
  expect(orders[2]).toEqual(orders[0]);
});

describe('a transaction id', () => {
  test('gives the same event again, also for other content, at once, and from another session of the device', async () => {
    const roomId = await publicRoom();
    const answers = await Promise.all([1, 2, 3, 4].map((each) => send(alice, roomId, 'same', text(`${each}`))));
    expect(new Set(answers.map(({ body }) => body.event_id)).size).toBe(1);
    const again = await send(alice, roomId, 'same', text('later'));
    expect(again.body.event_id).toBe(answers[0]!.body.event_id);
    const events = await historyOf(alice, roomId);
    expect(events.filter(({ type }) => type === 'm.room.message')).toHaveLength(1);
  });

  test('belongs to a device, a room and an event type', async () => {
    const [roomId, other] = [await publicRoom(), await publicRoom()];
    const second = await login(server.baseUrl, 'alice');
    const answers = [
      await send(alice, roomId, 'mine', text('a')),
      await send(alice, other, 'mine', text('b')),
      await send(alice, roomId, 'mine', text('c'), 'org.example.type'),
      await send(second, roomId, 'mine', text('d')),
      await send(bob, roomId, 'mine', text('e')),
    ];
    expect(new Set(answers.map(({ body }) => body.event_id)).size).toBe(5);
  });

  test('gives what it gave to who may not send any more', async () => {
    const roomId = await publicRoom();
    const { body } = await send(bob, roomId, 'before', text('before'));
    await alice.ok(inRoom(alice, roomId, 'ban', { user_id: bob.userId }));
    expect((await send(bob, roomId, 'before', text('before'))).body).toEqual(body);
    expect(await refusal(send(bob, roomId, 'after', text('after')))).toBe('403 M_FORBIDDEN');
  });

  test('holds for redactions, and outlives a restart', async () => {
    const directory = server.directory;
    const roomId = await publicRoom();
    const message = (await send(alice, roomId, 'kept', text('hello'))).body.event_id;
    const redact = () => alice.put(roomPath(roomId, 'redact', message, 'r'), {});
    const redaction = (await redact()).body.event_id;
    expect((await redact()).body.event_id).toBe(redaction);
    const { port } = server;
    await server.stop();
    server = await startServer({ directory, port });
    expect((await send(alice, roomId, 'kept', text('hello'))).body.event_id).toBe(message);
    expect((await redact()).body.event_id).toBe(redaction);
    const fresh = await send(alice, roomId, 'fresh', text('goes on'));
    expect(fresh.status).toBe(200);
    const types = (await historyOf(alice, roomId)).map(({ type }) => type);
    expect(types.slice(-3)).toEqual(['m.room.message', 'm.room.redaction', 'm.room.message']);
  });
});

describe('state', () => {
  test('is sent on every form of the path', async () => {
    const roomId = await publicRoom();
    const base = `${roomPath(roomId, 'state')}/org.example.state`;
    await alice.ok(alice.put(base, { form: 'none' }));
    expect(await stateOf(alice, roomId, 'org.example.state')).toEqual({ form: 'none' });
    await alice.ok(alice.put(`${base}/`, { form: 'slash' }));
    expect(await stateOf(alice, roomId, 'org.example.state')).toEqual({ form: 'slash' });
    await alice.ok(alice.put(`${base}/key%2Fwith%20more`, { form: 'key' }));
    expect(await stateOf(alice, roomId, 'org.example.state', 'key/with more')).toEqual({ form: 'key' });
  });

  test('that is sent as it stands is the event that is there', async () => {
    const roomId = await publicRoom();
    const put = (client: TestClient, a: number) =>
      client.ok(putState(client, roomId, 'org.example.state', { a, b: 2 }));
    const [first, second] = await Promise.all([put(alice, 1), put(alice, 1)]);
    expect(second.event_id).toBe(first.event_id);
    const third = await put(alice, 3);
    expect(third.event_id).not.toBe(first.event_id);
    expect((await put(alice, 1)).event_id).not.toBe(first.event_id);
    await alice.ok(putState(alice, roomId, 'm.room.power_levels', { state_default: 0 }));
    const bobs = await put(bob, 1);
    expect((await put(bob, 1)).event_id).toBe(bobs.event_id);
    await bob.ok(inRoom(bob, roomId, 'leave'));
    expect(await refusal(putState(bob, roomId, 'org.example.state', { a: 1, b: 2 }))).toBe('403 M_FORBIDDEN');
  });

  test('of power levels is refused as malformed or as forbidden', async () => {
    const old = await publicRoom({ room_version: '11' });
    const put = (client: TestClient, roomId: string, content: object) =>
      refusal(putState(client, roomId, 'm.room.power_levels', content));
    expect(await put(alice, old, { users: { [alice.userId]: '100' } })).toBe('400 M_BAD_JSON');
    expect(await put(alice, old, { users: { [alice.userId]: 2 ** 53 } })).toBe('400 M_BAD_JSON');
    expect(await put(alice, old, { events: [] })).toBe('400 M_BAD_JSON');
    expect(await put(bob, old, { users: { [bob.userId]: 100 } })).toBe('403 M_FORBIDDEN');
    const roomId = await publicRoom();
    expect(await put(alice, roomId, { users: { [alice.userId]: 100 } })).toBe('400 M_BAD_JSON');
    await alice.ok(putState(alice, roomId, 'm.room.power_levels', { users: { [bob.userId]: 2 ** 53 - 1 } }));
    expect(await refusal(inRoom(bob, roomId, 'kick', { user_id: alice.userId }))).toBe('403 M_FORBIDDEN');
  });

  test('cannot be about another user, nor make the room anew', async () => {
    const roomId = await publicRoom();
    expect(await refusal(putState(alice, roomId, 'org.example.state', {}, bob.userId))).toBe('403 M_FORBIDDEN');
    for (const stateKey of ['', 'other']) {
      const anew = putState(alice, roomId, 'm.room.create', { room_version: '11' }, stateKey);
      expect(await refusal(anew)).toBe('400 M_BAD_JSON');
    }
  });
});

describe('a redaction', () => {
  test.each(['1', '5', '10', '11', '12'])(
    'takes the content away in version %s, by either endpoint',
    async (version) => {
      const roomId = await publicRoom({ room_version: version });
      const [one, two] = [await bob.say(roomId, 'one'), await bob.say(roomId, 'two')];
      const byRedact = await alice.ok(alice.put(roomPath(roomId, 'redact', one, 'a'), { reason: 'spam' }));
      const bySend = await bob.ok(send(bob, roomId, 'b', { redacts: two, reason: 'oops' }, 'm.room.redaction'));
      for (const [eventId, redactionId, reason] of [
        [one, byRedact.event_id, 'spam'],
        [two, bySend.event_id, 'oops'],
      ]) {
        const event = await getEvent(alice, roomId, eventId);
        expect(event.content).toEqual({});
        expect(event.unsigned.redacted_because).toMatchObject({ event_id: redactionId, content: { reason } });
        // "For backwards-compatibility with older clients", it stands in both places.
        expect(await getEvent(bob, roomId, redactionId)).toMatchObject({ redacts: eventId });
      }
    },
  );

  test('of power levels keeps them in force, and of a topic takes it away', async () => {
    const roomId = await publicRoom({ room_version: '11', topic: 'secret' });
    const state = await wholeState(alice, roomId);
    for (const type of ['m.room.topic', 'm.room.power_levels']) {
      await alice.ok(alice.put(roomPath(roomId, 'redact', state.get(`${type}|`).event_id, type), {}));
    }
    expect(await stateOf(alice, roomId, 'm.room.topic')).toEqual({});
    expect(await refusal(putState(bob, roomId, 'm.room.name', { name: 'mine' }))).toBe('403 M_FORBIDDEN');
    await alice.ok(putState(alice, roomId, 'm.room.name', { name: 'ours' }));
  });

  test('is for own events, for others with the power for it, and for events that are there', async () => {
    const roomId = await publicRoom();
    const eventId = await alice.say(roomId, 'mine');
    expect(await refusal(bob.put(roomPath(roomId, 'redact', eventId, '1'), {}))).toBe('403 M_FORBIDDEN');
    expect(await refusal(alice.put(roomPath(roomId, 'redact', '$nothing', '2'), {}))).toBe('404 M_NOT_FOUND');
    expect(await refusal(send(alice, roomId, '3', {}, 'm.room.redaction'))).toBe('400 M_INVALID_PARAM');
  });
});

test('nobody annotates twice in the same way, unless the first was redacted', async () => {
  const roomId = await publicRoom();
  const target = await alice.say(roomId, 'react!');
  let count = 0;
  const react = (client: TestClient, key: string): Promise<ClientAnswer> => {
    const content = { 'm.relates_to': { rel_type: 'm.annotation', event_id: target, key } };
    return send(client, roomId, `react${++count}`, content, 'm.reaction');
  };
  const answers = await Promise.all([react(alice, '👍'), react(alice, '👍'), react(alice, '👎'), react(bob, '👍')]);
  expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 200, 200, 400]);
  expect(answers.find(({ status }) => status === 400)?.body.errcode).toBe('M_DUPLICATE_ANNOTATION');
  const mine = answers.slice(0, 2).find(({ status }) => status === 200)!.body.event_id;
  await alice.ok(alice.put(roomPath(roomId, 'redact', mine, 'undo'), {}));
  expect((await react(alice, '👍')).status).toBe(200);
});

test('what cannot be sent is refused with the reason', async () => {
  const roomId = await publicRoom({ room_version: '6' });
  const large = { body: 'x'.repeat(66_000) };
  expect(await refusal(send(alice, roomId, 'large', large))).toBe('413 M_TOO_LARGE');
  expect(await refusal(putState(alice, roomId, 'org.example.large', large))).toBe('413 M_TOO_LARGE');
  const type = await send(alice, roomId, 'long', {}, 'x'.repeat(256));
  expect(type.status).toBe(413);
  for (const rawBody of ['{"body": 9007199254740992}', '{"body": -9007199254740992}', '{"body": 1.1}']) {
    const path = roomPath(roomId, 'send', 'm.room.message', 'number');
    const answer = await alice.put(path, {}, { rawBody, headers: { 'Content-Type': 'application/json' } });
    expect(answer.body.errcode).toBe('M_BAD_JSON');
  }
  expect(await refusal(send(alice, '!nowhere:kintsugi.test', 'x', text('x')))).toBe('404 M_NOT_FOUND');
  const carol = await register(server.baseUrl, 'carol');
  const outside = await send(carol, roomId, 'x', text('x'));
  expect(outside.body).toMatchObject({ errcode: 'M_FORBIDDEN', error: expect.stringMatching(/Rule .*not `join`/) });
  const delayed = await alice.put(
    `${roomPath(roomId, 'send', 'm.room.message', 'd')}?org.matrix.msc4140.delay=1000`,
    text('later'),
  );
  expect(delayed.status).toBe(400);
  const before = await alice.ok(alice.put(`${roomPath(roomId, 'send', 'm.room.message', 'ts')}?ts=5`, text('now')));
  expect((await getEvent(alice, roomId, before.event_id)).origin_server_ts).toBeGreaterThan(5);
});
