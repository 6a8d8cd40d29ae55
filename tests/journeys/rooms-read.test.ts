// Reading rooms over a real server: every endpoint once by its wire form, which the client checks against the specification.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AnyJson, createClient, register, type TestClient } from '../harness/client.ts';
import { inRoom, join, newRoom, putState, refusal, roomPath } from '../harness/room-client.ts';
import { startServer, type TestServer } from '../harness/server.ts';

let server: TestServer;
let alice: TestClient;
let bob: TestClient;
let eve: TestClient;
let roomId: string;

beforeAll(async () => {
  server = await startServer();
  alice = await register(server.baseUrl, 'alice');
  bob = await register(server.baseUrl, 'bob');
  eve = await register(server.baseUrl, 'eve');
  roomId = await newRoom(alice, { preset: 'public_chat', name: 'Reading', topic: 'Where all is read' });
  await join(bob, roomId);
});
afterAll(() => server[Symbol.asyncDispose]());

const inPath = (room: string, path: string): string => `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/${path}`;
const v1 = (path: string): string => `/_matrix/client/v1/rooms/${encodeURIComponent(roomId)}/${path}`;

let transactions = 0;
const send = async (by: TestClient, content: object, type = 'm.room.message', room = roomId): Promise<string> => {
  transactions += 1;
  return (await by.ok(by.put(inPath(room, `send/${type}/read${transactions}`), content))).event_id;
};

const relate = (by: TestClient, relType: string, target: string, more: object = {}): Promise<string> =>
  send(by, { msgtype: 'm.text', body: relType, 'm.relates_to': { rel_type: relType, event_id: target }, ...more });

const messages = (by: TestClient, query: Record<string, string | number>): Promise<AnyJson> =>
  by.ok(by.get(roomPath(roomId, 'messages'), { query }));

const ids = (events: AnyJson[]): string[] => events.map((event) => event.event_id);

describe('messages', () => {
  test('work across the tokens of /sync and their own', async () => {
    const before = (await bob.sync()).next_batch;
    const sent: string[] = [];
    for (let n = 0; n < 5; n++) sent.push(await alice.say(roomId, `message ${n}`));
    const news = await bob.sync({
      since: before,
      filter: JSON.stringify({ room: { timeline: { limit: 2 } } }),
    });
    const { timeline } = news.rooms.join[roomId];
    expect(timeline.limited).toBe(true);
    expect(ids(timeline.events)).toEqual(sent.slice(3));
    const gap = await messages(bob, { dir: 'b', from: timeline.prev_batch, to: before });
    expect(ids(gap.chunk)).toEqual([...sent.slice(0, 3)].reverse());
    expect(gap.start).toBe(timeline.prev_batch);
    expect(gap.end).toBeUndefined();
    const forwards = await messages(bob, { dir: 'f', from: before, limit: 2 });
    expect(ids(forwards.chunk)).toEqual(sent.slice(0, 2));
    const rest = await messages(bob, { dir: 'f', from: forwards.end });
    expect(ids(rest.chunk)).toEqual(sent.slice(2));
    const atEnd = await messages(bob, { dir: 'f', from: rest.end });
    expect([atEnd.chunk, atEnd.end]).toEqual([[], undefined]);
  });

  test('lazily load their senders', async () => {
    const since = (await alice.sync()).next_batch;
    await bob.say(roomId, 'lazy');
    const page = await messages(alice, {
      dir: 'f',
      from: since,
      filter: JSON.stringify({ lazy_load_members: true }),
    });
    expect(page.state.map((event: AnyJson) => event.state_key)).toEqual([bob.userId]);
  });

  test('are refused with the reason', async () => {
    const path = roomPath(roomId, 'messages');
    const asked = (by: TestClient, query: Record<string, string | number>, of = path) => refusal(by.get(of, { query }));
    expect(await asked(eve, { dir: 'b' })).toBe('403 M_FORBIDDEN');
    expect(await asked(eve, { dir: 'b' }, roomPath('!nowhere:hs1', 'messages'))).toBe('403 M_FORBIDDEN');
    expect(await asked(alice, { dir: 'x' })).toBe('400 M_INVALID_PARAM');
    expect(await asked(alice, { dir: 'b', from: 'elsewhere' })).toBe('400 M_INVALID_PARAM');
    expect(await asked(alice, { dir: 'b', limit: -1 })).toBe('400 M_INVALID_PARAM');
    expect(await asked(alice, { dir: 'b', filter: '{' })).toBe('400 M_NOT_JSON');
    expect(await asked(alice, { dir: 'b', filter: '[]' })).toBe('400 M_BAD_JSON');
  });
});

describe('one event', () => {
  test('comes alone, and in its context', async () => {
    const first = await send(alice, { body: 'one', msgtype: 'm.text' });
    const second = await send(alice, { body: 'two', msgtype: 'm.text' });
    const third = await send(bob, { body: 'three', msgtype: 'm.text' });
    const event = await alice.ok(alice.get(inPath(roomId, `event/${encodeURIComponent(second)}`)));
    expect(event).toMatchObject({ event_id: second, room_id: roomId, sender: alice.userId, type: 'm.room.message' });
    expect(event.unsigned).toMatchObject({ membership: 'join', transaction_id: expect.stringMatching(/^read/) });
    const context = await bob.ok(
      bob.get(inPath(roomId, `context/${encodeURIComponent(second)}`), { query: { limit: 3 } }),
    );
    expect(context.event.event_id).toBe(second);
    expect(context.event.unsigned.transaction_id).toBeUndefined();
    expect([ids(context.events_before), ids(context.events_after)]).toEqual([[first], [third]]);
    expect(ids((await messages(bob, { dir: 'f', from: context.start, limit: 1 })).chunk)).toEqual([first]);
    expect(ids((await messages(bob, { dir: 'b', from: context.end, limit: 1 })).chunk)).toEqual([third]);
    const alone = `event/${encodeURIComponent(second)}`;
    expect(await refusal(eve.get(inPath(roomId, alone)))).toBe('404 M_NOT_FOUND');
    expect(await refusal(alice.get(inPath(roomId, 'event/$unknown')))).toBe('404 M_NOT_FOUND');
    expect(await refusal(alice.get(inPath(roomId, 'context/$unknown')))).toBe('404 M_NOT_FOUND');
  });

  test('is found by its time', async () => {
    const from = Date.now();
    const event = await send(alice, { body: 'now', msgtype: 'm.text' });
    const find = (query: Record<string, string | number>) => alice.get(v1('timestamp_to_event'), { query });
    expect((await alice.ok(find({ ts: from, dir: 'f' }))).event_id).toBe(event);
    expect(await refusal(find({ ts: Date.now() + 60_000, dir: 'f' }))).toBe('404 M_NOT_FOUND');
    expect(await refusal(find({ ts: 'soon', dir: 'f' }))).toBe('400 M_INVALID_PARAM');
    expect(await refusal(eve.get(v1('timestamp_to_event'), { query: { ts: from, dir: 'f' } }))).toBe('403 M_FORBIDDEN');
  });
});

describe('state and members', () => {
  test('are read whole and singly, by every form of path', async () => {
    await putState(alice, roomId, 'org.example.slash', { n: 1 }, 'a/b c');
    const state: AnyJson[] = await bob.ok(bob.get(roomPath(roomId, 'state')));
    const types = state.map((event) => event.type);
    for (const type of ['m.room.create', 'm.room.power_levels', 'm.room.name', 'org.example.slash']) {
      expect(types).toContain(type);
    }
    for (const path of ['state/m.room.name', 'state/m.room.name/', 'state/m.room.name?format=content']) {
      expect(await bob.ok(bob.get(inPath(roomId, path)))).toEqual({ name: 'Reading' });
    }
    const keyed = `state/org.example.slash/${encodeURIComponent('a/b c')}`;
    expect(await bob.ok(bob.get(inPath(roomId, keyed)))).toEqual({ n: 1 });
    // An event is an object as the content is, so it cannot be "exactly one" of the two as the specification's schema has it.
    const headers = { Authorization: `Bearer ${bob.accessToken}` };
    const answer = await fetch(`${server.baseUrl}${inPath(roomId, 'state/m.room.name?format=event')}`, { headers });
    expect(await answer.json()).toMatchObject({
      type: 'm.room.name',
      state_key: '',
      room_id: roomId,
      sender: alice.userId,
    });
    expect(await refusal(bob.get(inPath(roomId, 'state/m.room.avatar')))).toBe('404 M_NOT_FOUND');
    expect(await refusal(eve.get(roomPath(roomId, 'state')))).toBe('403 M_FORBIDDEN');
    expect(await refusal(eve.get(inPath(roomId, 'state/m.room.name')))).toBe('403 M_FORBIDDEN');
  });

  test('are listed', async () => {
    const { chunk } = await bob.ok(bob.get(roomPath(roomId, 'members'), { query: { not_membership: 'leave' } }));
    const keys = chunk.map((event: AnyJson) => event.state_key);
    expect(keys.sort()).toEqual([alice.userId, bob.userId]);
    const { joined } = await bob.ok(bob.get(roomPath(roomId, 'joined_members')));
    expect(Object.keys(joined).sort()).toEqual([alice.userId, bob.userId]);
    expect((await bob.ok(bob.get('/_matrix/client/v3/joined_rooms'))).joined_rooms).toContain(roomId);
    const mutual = await bob.ok(bob.get('/_matrix/client/v1/mutual_rooms', { query: { user_id: alice.userId } }));
    expect(mutual).toEqual({ joined: [roomId], count: 1 });
    expect(await refusal(eve.get(roomPath(roomId, 'joined_members')))).toBe('403 M_FORBIDDEN');
    expect(await refusal(eve.get(roomPath(roomId, 'members')))).toBe('403 M_FORBIDDEN');
    const own = { query: { user_id: bob.userId } };
    expect(await refusal(bob.get('/_matrix/client/v1/mutual_rooms', own))).toBe('400 M_INVALID_PARAM');
  });

  test('come at once, also for guests in rooms that all may read', async () => {
    const open = await newRoom(alice, {
      initial_state: [
        { type: 'm.room.history_visibility', state_key: '', content: { history_visibility: 'world_readable' } },
      ],
    });
    await alice.say(open, 'welcome');
    const anonymous = createClient(server.baseUrl);
    const account = await anonymous.ok(anonymous.post('/_matrix/client/v3/register', {}, { query: { kind: 'guest' } }));
    const { user_id: userId, device_id: deviceId, access_token: accessToken } = account;
    const guest = createClient(server.baseUrl, { userId, deviceId, accessToken });
    const preview = await guest.ok(guest.get(roomPath(open, 'initialSync')));
    expect(preview).toMatchObject({ room_id: open, membership: 'leave', visibility: 'private' });
    expect(preview.messages.chunk.at(-1).content.body).toBe('welcome');
    await guest.ok(guest.get(roomPath(open, 'messages'), { query: { dir: 'b' } }));
    expect(await refusal(guest.get(roomPath(roomId, 'initialSync')))).toBe('403 M_FORBIDDEN');
  });
});

describe('relations', () => {
  test('are bundled and listed', async () => {
    const root = await send(alice, { body: 'root', msgtype: 'm.text' });
    const reply = await relate(bob, 'm.thread', root);
    const edit = await relate(alice, 'm.replace', root, { 'm.new_content': { body: 'better', msgtype: 'm.text' } });
    const encoded = encodeURIComponent(root);
    const bundle = (await bob.ok(bob.get(inPath(roomId, `event/${encoded}`)))).unsigned['m.relations'];
    expect(bundle['m.replace'].event_id).toBe(edit);
    expect(bundle['m.thread']).toMatchObject({ count: 1, current_user_participated: true });
    expect(bundle['m.thread'].latest_event.event_id).toBe(reply);
    const list = async (path: string, query = {}) => bob.ok(bob.get(v1(`relations/${encoded}${path}`), { query }));
    expect(ids((await list('')).chunk)).toEqual([edit, reply]);
    expect(ids((await list('/m.thread')).chunk)).toEqual([reply]);
    expect(ids((await list('/m.thread/m.reaction')).chunk)).toEqual([]);
    const first = await list('', { limit: 1, dir: 'f' });
    expect(ids(first.chunk)).toEqual([reply]);
    expect(ids((await list('', { from: first.next_batch, dir: 'f' })).chunk)).toEqual([edit]);
    expect((await list('', { recurse: true })).recursion_depth).toBe(3);
    const threads = await bob.ok(bob.get(v1('threads'), { query: { include: 'participated' } }));
    expect(ids(threads.chunk)).toEqual([root]);
    expect(await refusal(eve.get(v1('threads')))).toBe('403 M_FORBIDDEN');
    expect(await refusal(eve.get(v1(`relations/${encoded}`)))).toBe('404 M_NOT_FOUND');
    expect(await refusal(bob.get(v1('threads'), { query: { limit: 0 } }))).toBe('400 M_INVALID_PARAM');
  });
});

describe('from outside', () => {
  test('rooms are summarised, spaces walked', async () => {
    const anonymous = createClient(server.baseUrl);
    const path = `/_matrix/client/v1/room_summary/${encodeURIComponent(roomId)}`;
    const summary = { room_id: roomId, name: 'Reading', topic: 'Where all is read', num_joined_members: 2 };
    expect(await anonymous.ok(anonymous.get(path))).toMatchObject(summary);
    expect(await eve.ok(eve.get(path))).toMatchObject({ ...summary, membership: 'leave' });
    const hidden = await newRoom(alice);
    const space = await newRoom(alice, { preset: 'public_chat', creation_content: { type: 'm.space' } });
    for (const child of [roomId, hidden]) await putState(alice, space, 'm.space.child', { via: ['hs1'] }, child);
    const walk = async (by: TestClient, query = {}) =>
      by.ok(by.get(`/_matrix/client/v1/rooms/${encodeURIComponent(space)}/hierarchy`, { query }));
    const seen = async (by: TestClient) => (await walk(by)).rooms.map((room: AnyJson) => room.room_id);
    expect(await seen(alice)).toEqual([space, roomId, hidden]);
    expect(await seen(eve)).toEqual([space, roomId]);
    const first = await walk(alice, { limit: 2 });
    expect((await walk(alice, { limit: 2, from: first.next_batch })).rooms[0].room_id).toBe(hidden);
    const hiddenPath = `/_matrix/client/v1/rooms/${encodeURIComponent(hidden)}/hierarchy`;
    expect(await refusal(eve.get(hiddenPath))).toBe('403 M_FORBIDDEN');
    const hiddenSummary = `/_matrix/client/v1/room_summary/${encodeURIComponent(hidden)}`;
    expect(await refusal(eve.get(hiddenSummary))).toBe('404 M_NOT_FOUND');
  });
});

describe('search', () => {
  test('finds what was just said', async () => {
    const event = await send(bob, { body: 'A most peculiar sentence', msgtype: 'm.text' });
    const search = (by: TestClient, roomEvents: object) =>
      by.post('/_matrix/client/v3/search', { search_categories: { room_events: roomEvents } });
    const found = await alice.ok(
      search(alice, {
        search_term: 'peculiar',
        order_by: 'recent',
        event_context: { before_limit: 1, after_limit: 1, include_profile: true },
        groupings: { group_by: [{ key: 'room_id' }, { key: 'sender' }] },
        include_state: true,
      }),
    );
    const { room_events: answer } = found.search_categories;
    expect(answer).toMatchObject({ count: 1, highlights: ['peculiar'] });
    expect(answer.results[0].result.event_id).toBe(event);
    expect(answer.groups.room_id[roomId].results).toEqual([event]);
    const none = await eve.ok(search(eve, { search_term: 'peculiar' }));
    expect(none.search_categories.room_events).toMatchObject({ count: 0, results: [] });
    expect(await refusal(search(alice, {}))).toBe('400 M_BAD_JSON');
    expect(await refusal(search(alice, { search_term: 'x', keys: ['content.secret'] }))).toBe('400 M_INVALID_PARAM');
    expect(await refusal(alice.post('/_matrix/client/v3/search', {}))).toBe('400 M_MISSING_PARAM');
  });
});

describe('who has left', () => {
  test('reads on up to their leave, until they forget the room', async () => {
    const room = await newRoom(alice, { preset: 'public_chat' });
    await join(bob, room);
    await alice.say(room, 'before');
    await bob.ok(inRoom(bob, room, 'leave'));
    await alice.say(room, 'after');
    const read = (dir: string) => bob.get(roomPath(room, 'messages'), { query: { dir, limit: 100 } });
    for (const dir of ['b', 'f']) {
      const bodies = (await bob.ok(read(dir))).chunk.flatMap((event: AnyJson) => event.content.body ?? []);
      expect(bodies).toEqual(['before']);
    }
    await bob.ok(inRoom(bob, room, 'forget'));
    expect(await refusal(read('b'))).toBe('403 M_FORBIDDEN');
    await join(bob, room);
    expect((await bob.ok(read('b'))).chunk.length).toBeGreaterThan(5);
  });
});
