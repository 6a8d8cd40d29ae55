// What clients live on: /sync over a real server, with everything that travels in it.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AnyJson, createClient, login, register, type TestClient } from '../harness/client.ts';
import { inRoom, join, newRoom, putState, refusal, roomPath } from '../harness/room-client.ts';
import { startServer, type TestServer } from '../harness/server.ts';

let server: TestServer;
let names = 0;

beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const person = (): Promise<TestClient> => register(server.baseUrl, `person${++names}`);
const publicRoom = async (...members: readonly [TestClient, ...TestClient[]]): Promise<string> => {
  const roomId = await newRoom(members[0], { preset: 'public_chat' });
  for (const member of members.slice(1)) await join(member, roomId);
  return roomId;
};
const token = async (client: TestClient): Promise<string> => (await client.sync()).next_batch;
const filtered = (filter: object) => ({ filter: JSON.stringify(filter) });
const bodies = (room: AnyJson): string[] => room.timeline.events.map((event: AnyJson) => event.content.body);

/** Not held against the schemas: filters may leave out what those require. */
const unchecked = async (client: TestClient, filter: object): Promise<AnyJson> => {
  const query = new URLSearchParams(filtered(filter));
  const headers = { Authorization: `Bearer ${client.accessToken}` };
  return (await fetch(`${server.baseUrl}/_matrix/client/v3/sync?${query.toString()}`, { headers })).json();
};

/** Polls until `find` finds something in an answer. */
const until = async (client: TestClient, since: string, find: (answer: AnyJson) => unknown): Promise<AnyJson> => {
  let from = since;
  for (let polls = 0; polls < 20; polls++) {
    const answer = await client.sync({ since: from, timeout: 10_000, set_presence: 'offline' });
    const found = find(answer);
    if (found !== undefined) return found;
    from = answer.next_batch;
  }
  throw new Error('it never came');
};

describe('tokens', () => {
  test('of others are refused', async () => {
    const alice = await person();
    for (const since of ['x', 's-1_0', 's1_2_3_4', 's999999999_0', 's', '1']) {
      expect(await refusal(alice.get('/_matrix/client/v3/sync', { query: { since } }))).toBe('400 M_INVALID_PARAM');
    }
    expect(await refusal(createClient(server.baseUrl).get('/_matrix/client/v3/sync'))).toBe('401 M_MISSING_TOKEN');
  });

  test('of /sync and /messages fit together over a gap', async () => {
    const alice = await person();
    const roomId = await publicRoom(alice);
    const since = await token(alice);
    for (let n = 1; n <= 9; n++) await alice.say(roomId, `m${n}`);
    const { rooms } = await alice.sync({ since, ...filtered({ room: { timeline: { limit: 3 } } }) });
    const { timeline } = rooms.join[roomId];
    expect([timeline.limited, ...bodies(rooms.join[roomId])]).toEqual([true, 'm7', 'm8', 'm9']);
    const query = { dir: 'b', from: timeline.prev_batch, to: since, limit: 100 };
    const { chunk } = await alice.ok(alice.get(roomPath(roomId, 'messages'), { query }));
    expect(chunk.map((event: AnyJson) => event.content.body)).toEqual(['m6', 'm5', 'm4', 'm3', 'm2', 'm1']);
  });
});

describe('filters', () => {
  test('are taken by id and in place, and refused when wrong', async () => {
    const alice = await person();
    const roomId = await publicRoom(alice);
    await alice.say(roomId, 'hello');
    const filter = { room: { timeline: { types: ['m.room.message'] }, state: { types: ['m.room.create'] } } };
    const path = `/_matrix/client/v3/user/${encodeURIComponent(alice.userId)}/filter`;
    const { filter_id: id } = await alice.ok(alice.post(path, filter));
    for (const query of [{ filter: id }, filtered(filter)]) {
      const room = (await alice.sync(query)).rooms.join[roomId];
      expect(bodies(room)).toEqual(['hello']);
      expect(room.state.events.map((event: AnyJson) => event.type)).toEqual(['m.room.create']);
    }
    const ask = (text: string) => refusal(alice.get('/_matrix/client/v3/sync', { query: { filter: text } }));
    expect(await ask('{')).toBe('400 M_BAD_JSON');
    expect(await ask('{"room":3}')).toBe('400 M_BAD_JSON');
    expect(await ask('77')).toBe('404 M_NOT_FOUND');
  });

  test('choose rooms, fields and the format of events', async () => {
    const alice = await person();
    const [one, two] = [await publicRoom(alice), await publicRoom(alice)];
    const only = await alice.sync(filtered({ room: { rooms: [one] } }));
    expect(Object.keys(only.rooms.join)).toEqual([one]);
    const fields = { event_fields: ['type', 'content.body'], room: { rooms: [two], timeline: { limit: 1 } } };
    await alice.say(two, 'short');
    const short = (await unchecked(alice, fields)).rooms.join[two];
    expect(short.timeline.events).toEqual([{ type: 'm.room.message', content: { body: 'short' } }]);
    const federation = { event_format: 'federation', room: { rooms: [two], timeline: { limit: 1 } } };
    const [pdu] = (await unchecked(alice, federation)).rooms.join[two].timeline.events;
    expect(Object.keys(pdu)).toEqual(expect.arrayContaining(['auth_events', 'hashes', 'prev_events', 'signatures']));
  });

  test('leave members out until they say something', async () => {
    const [alice, bob, carol] = [await person(), await person(), await person()];
    const roomId = await publicRoom(alice, bob, carol);
    await putState(alice, roomId, 'm.room.name', { name: 'No heroes' });
    for (let n = 0; n < 3; n++) await bob.say(roomId, 'hello');
    const lazy = filtered({ room: { timeline: { limit: 2 }, state: { lazy_load_members: true } } });
    const members = (room: AnyJson): string[] =>
      (room.state?.events ?? []).flatMap((e: AnyJson) => (e.type === 'm.room.member' ? e.state_key : []));
    const first = await alice.sync(lazy);
    expect(members(first.rooms.join[roomId]).sort()).toEqual([alice.userId, bob.userId].sort());
    await bob.say(roomId, 'again');
    await carol.say(roomId, 'me too');
    const second = await alice.sync({ since: first.next_batch, ...lazy });
    expect(members(second.rooms.join[roomId])).toEqual([carol.userId]);
    // The same token again: the first answer may have been lost.
    const repeated = await alice.sync({ since: first.next_batch, ...lazy });
    expect(members(repeated.rooms.join[roomId])).toEqual([carol.userId]);
    await carol.say(roomId, 'still me');
    const third = await alice.sync({ since: second.next_batch, ...lazy });
    expect(members(third.rooms.join[roomId])).toEqual([]);
  });
});

describe('a room', () => {
  test('comes with heroes, counts and the sender’s transaction id', async () => {
    const [alice, bob] = [await person(), await person()];
    const roomId = await newRoom(alice, { preset: 'private_chat', invite: [bob.userId] });
    const { summary } = (await alice.sync()).rooms.join[roomId];
    expect(summary).toEqual({
      'm.heroes': [bob.userId],
      'm.joined_member_count': 1,
      'm.invited_member_count': 1,
    });
    const since = await token(alice);
    await alice.ok(
      alice.put(roomPath(roomId, 'send', 'm.room.message', 'my-txn'), { msgtype: 'm.text', body: 'mine' }),
    );
    const own = (await alice.sync({ since })).rooms.join[roomId].timeline.events[0];
    expect(own.unsigned.transaction_id).toBe('my-txn');
    const other = await login(server.baseUrl, `person${names - 1}`);
    const elsewhere = (await other.sync()).rooms.join[roomId].timeline.events.at(-1);
    expect([elsewhere.event_id, elsewhere.unsigned.transaction_id]).toEqual([own.event_id, undefined]);
  });

  test('that is left and forgotten is told to other devices as left, and then no more', async () => {
    const alice = await person();
    const roomId = await publicRoom(alice);
    const since = await token(alice);
    await alice.ok(inRoom(alice, roomId, 'leave'));
    await alice.ok(inRoom(alice, roomId, 'forget'));
    const left = (await alice.sync({ since })).rooms.leave[roomId];
    expect(left.timeline.events.map((event: AnyJson) => event.content.membership)).toEqual(['leave']);
    const fresh = await alice.sync(filtered({ room: { include_leave: true } }));
    expect(fresh.rooms?.leave?.[roomId]).toBeUndefined();
  });

  test('of an ignored user stays out of invites, and their messages out of timelines', async () => {
    const [alice, bob] = [await person(), await person()];
    const roomId = await publicRoom(alice, bob);
    const since = await token(alice);
    const path = `/_matrix/client/v3/user/${encodeURIComponent(alice.userId)}/account_data/m.ignored_user_list`;
    await alice.ok(alice.put(path, { ignored_users: { [bob.userId]: {} } }));
    await newRoom(bob, { invite: [alice.userId] });
    await bob.say(roomId, 'ignored');
    await alice.say(roomId, 'heard');
    const { rooms } = await alice.sync({ since });
    expect(rooms.invite).toBeUndefined();
    expect(bodies(rooms.join[roomId])).toEqual(['heard']);
  });

  test('tells typing, receipts, account data and unread counts', async () => {
    const [alice, bob] = [await person(), await person()];
    const roomId = await publicRoom(alice, bob);
    let since = await token(alice);
    const typing = roomPath(roomId, 'typing', bob.userId);
    await bob.ok(bob.put(typing, { typing: true, timeout: 30_000 }));
    const ephemeral = (type: string) => (answer: AnyJson) =>
      answer.rooms?.join?.[roomId]?.ephemeral?.events.find((event: AnyJson) => event.type === type);
    expect(await until(alice, since, ephemeral('m.typing'))).toMatchObject({ content: { user_ids: [bob.userId] } });
    since = await token(alice);
    const eventId = await bob.say(roomId, 'one');
    const counts = (answer: AnyJson) => answer.rooms?.join?.[roomId]?.unread_notifications;
    expect(counts(await alice.sync({ since }))).toEqual({ notification_count: 1, highlight_count: 0 });
    since = await token(alice);
    await alice.ok(alice.post(roomPath(roomId, 'receipt', 'm.read.private', eventId)));
    expect(await until(alice, since, counts)).toEqual({ notification_count: 0, highlight_count: 0 });
    const receipt = ephemeral('m.receipt')(await alice.sync({ since }));
    expect(Object.keys(receipt.content[eventId])).toEqual(['m.read.private']);
    expect(ephemeral('m.receipt')(await bob.sync())).toBeUndefined();
    since = await token(alice);
    const tag = `/_matrix/client/v3/user/${encodeURIComponent(alice.userId)}/rooms/${encodeURIComponent(roomId)}/tags/x`;
    await alice.ok(alice.put(tag, { order: 0.5 }));
    const data = (await alice.sync({ since })).rooms.join[roomId].account_data.events;
    expect(data).toEqual([{ type: 'm.tag', content: { tags: { x: { order: 0.5 } } } }]);
  });
});

describe('a device', () => {
  test('gets its messages until it has come back for more', async () => {
    const [alice, bob] = [await person(), await person()];
    const since = await token(bob);
    const send = (n: number) => {
      const body = { messages: { [bob.userId]: { '*': { n } } } };
      return alice.ok(alice.put(`/_matrix/client/v3/sendToDevice/m.test/${bob.userId}${n}`, body));
    };
    for (let n = 0; n < 120; n++) await send(n);
    const numbers = (answer: AnyJson): number[] =>
      (answer.to_device?.events ?? []).map((event: AnyJson) => event.content.n);
    const first = await bob.sync({ since });
    expect(numbers(first)).toEqual(Array.from({ length: 100 }, (_, n) => n));
    expect(numbers(await bob.sync({ since }))).toEqual(numbers(first));
    const second = await bob.sync({ since: first.next_batch });
    expect(numbers(second)).toEqual(Array.from({ length: 20 }, (_, n) => n + 100));
    expect(numbers(await bob.sync({ since: second.next_batch }))).toEqual([]);
    // What was acknowledged is gone.
    expect(numbers(await bob.sync({ since }))).toEqual([]);
  });

  test('is told of others’ new devices, and how many keys it has left', async () => {
    const [alice, bob] = [await person(), await person()];
    const since = await token(alice);
    expect((await alice.sync({ since })).device_one_time_keys_count).toEqual({ signed_curve25519: 0 });
    await publicRoom(alice, bob);
    expect((await alice.sync({ since })).device_lists.changed).toContain(bob.userId);
  });

  test('ends its oldest poll when it opens too many', async () => {
    const alice = await person();
    const since = await token(alice);
    const query = { since, timeout: 60_000, set_presence: 'offline' };
    const polls = Array.from({ length: 5 }, (_, index) => alice.sync(query).then(() => index));
    expect(await Promise.race(polls)).toBeTypeOf('number');
    await alice.ok(
      alice.put(`/_matrix/client/v3/user/${encodeURIComponent(alice.userId)}/account_data/m.wake`, { up: true }),
    );
    expect((await Promise.all(polls)).length).toBe(5);
  });
});

test('presence of those who share a room travels along', async () => {
  const [alice, bob] = [await person(), await person()];
  await publicRoom(alice, bob);
  const since = (await alice.sync({ set_presence: 'offline' })).next_batch;
  const path = `/_matrix/client/v3/presence/${encodeURIComponent(bob.userId)}/status`;
  await bob.ok(bob.put(path, { presence: 'online', status_msg: 'here' }));
  const event = await until(alice, since, (answer) =>
    answer.presence?.events.find((each: AnyJson) => each.sender === bob.userId),
  );
  expect(event.content).toMatchObject({ presence: 'online', status_msg: 'here' });
});

test('who wakes up after a restart goes on with the same token', async () => {
  await using own = await startServer();
  const alice = await register(own.baseUrl, 'alice');
  const roomId = await newRoom(alice);
  const { next_batch: since } = await alice.sync();
  await alice.say(roomId, 'before');
  await own.stop();
  await using again = await startServer({ directory: own.directory, port: own.port });
  const client = createClient(again.baseUrl, alice);
  await client.say(roomId, 'after');
  expect(bodies((await client.sync({ since })).rooms.join[roomId])).toEqual(['before', 'after']);
});
