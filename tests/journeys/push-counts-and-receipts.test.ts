// What /sync tells of unread counts, receipts, typing and presence, and how push rules are changed.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AnyJson, register, type TestClient } from '../harness/client.ts';
import { join, newRoom, roomPath } from '../harness/room-client.ts';
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

const sharedRoom = async (): Promise<string> => {
  const roomId = await newRoom(alice, { preset: 'public_chat' });
  await join(bob, roomId);
  return roomId;
};

let transactions = 0;
const send = async (client: TestClient, roomId: string, content: object, type = 'm.room.message'): Promise<string> => {
  const path = roomPath(roomId, 'send', type, `c${++transactions}`);
  return (await client.ok(client.put(path, content))).event_id;
};
const receipt = (client: TestClient, roomId: string, eventId: string, body: object = {}, type = 'm.read') =>
  client.post(roomPath(roomId, 'receipt', type, eventId), body);

describe('unread counts and receipts', () => {
  /** As Complement's TestThreadedReceipts, with mentions as v1.7 has them. */
  it('are counted by thread for those who ask, and for the room for all others', async () => {
    const roomId = await sharedRoom();
    const { next_batch: since } = await bob.sync();
    const text = (body: string, more: object = {}) => ({ msgtype: 'm.text', body, ...more });
    const mention = { 'm.mentions': { user_ids: [bob.userId] } };
    const relation = (eventId: string, relType: string) => ({
      'm.relates_to': { event_id: eventId, rel_type: relType },
    });
    const a = await send(alice, roomId, text('A'));
    const b = await send(alice, roomId, text('B', relation(a, 'm.thread')));
    await send(alice, roomId, text('C', { ...relation(a, 'm.thread'), ...mention }));
    const d = await send(alice, roomId, text('D', mention));
    await send(alice, roomId, text('E', relation(a, 'm.thread')));
    const f = await send(alice, roomId, text('F', relation(a, 'm.reference')));
    const g = await send(
      alice,
      roomId,
      { 'm.relates_to': { event_id: f, rel_type: 'm.annotation', key: 'x' } },
      'm.room.reaction',
    );
    const filter = '{"room":{"timeline":{"unread_thread_notifications":true}}}';
    const counts = async (): Promise<unknown> => {
      const plain = (await bob.sync({ since })).rooms.join[roomId];
      const threaded = (await bob.sync({ since, filter })).rooms.join[roomId];
      expect(plain).not.toHaveProperty('unread_thread_notifications');
      const pair = (count: AnyJson): unknown => count && [count.notification_count, count.highlight_count];
      return {
        room: pair(plain.unread_notifications),
        main: pair(threaded.unread_notifications),
        thread: pair(threaded.unread_thread_notifications?.[a]),
      };
    };
    expect(await counts()).toEqual({ room: [6, 2], main: [3, 1], thread: [3, 1] });
    await bob.ok(receipt(bob, roomId, a, { thread_id: 'main' }));
    expect(await counts()).toEqual({ room: [5, 2], main: [2, 1], thread: [3, 1] });
    await bob.ok(receipt(bob, roomId, b, { thread_id: a }));
    expect(await counts()).toEqual({ room: [4, 2], main: [2, 1], thread: [2, 1] });
    await bob.ok(receipt(bob, roomId, d));
    expect(await counts()).toEqual({ room: [2, 0], main: [1, 0], thread: [1, 0] });
    await bob.ok(receipt(bob, roomId, g, { thread_id: a }));
    expect(await counts()).toEqual({ room: [1, 0], main: [1, 0], thread: undefined });
    // What a user sends, they have read.
    await send(bob, roomId, text('reply'));
    expect(await counts()).toEqual({ room: [0, 0], main: [0, 0], thread: undefined });
  });

  it('reach the others, private ones only their owner', async () => {
    const roomId = await sharedRoom();
    const eventId = await alice.say(roomId, 'hello');
    const { next_batch: since } = await alice.sync();
    const { next_batch: own } = await bob.sync();
    await bob.ok(receipt(bob, roomId, eventId, {}, 'm.read.private'));
    const mine = await bob.sync({ since: own, timeout: 5000 });
    expect(mine.rooms.join[roomId].ephemeral.events).toEqual([
      { type: 'm.receipt', content: { [eventId]: { 'm.read.private': { [bob.userId]: { ts: expect.any(Number) } } } } },
    ]);
    expect(mine.rooms.join[roomId].unread_notifications.notification_count).toBe(0);
    await bob.ok(receipt(bob, roomId, eventId));
    const theirs = await alice.sync({ since, timeout: 5000 });
    expect(theirs.rooms.join[roomId].ephemeral.events).toEqual([
      { type: 'm.receipt', content: { [eventId]: { 'm.read': { [bob.userId]: { ts: expect.any(Number) } } } } },
    ]);
  });

  it('move with read markers', async () => {
    const roomId = await sharedRoom();
    const eventId = await alice.say(roomId, 'hello');
    const { next_batch: since } = await bob.sync();
    const body = { 'm.fully_read': eventId, 'm.read': eventId };
    await bob.ok(bob.post(roomPath(roomId, 'read_markers'), body));
    const { account_data: data, ephemeral } = (await bob.sync({ since })).rooms.join[roomId];
    expect(data.events).toEqual([{ type: 'm.fully_read', content: { event_id: eventId } }]);
    expect(ephemeral.events[0].content[eventId]).toHaveProperty(['m.read', bob.userId]);
    expect((await bob.post(roomPath(roomId, 'read_markers'), { 'm.fully_read': '$none' })).status).toBe(400);
  });

  it('are refused with a thread that makes no sense', async () => {
    const roomId = await sharedRoom();
    const eventId = await alice.say(roomId, 'hello');
    for (const threadId of ['', 5, null, 'elsewhere', '$none']) {
      const refused = await receipt(bob, roomId, eventId, { thread_id: threadId });
      expect([refused.status, refused.body.errcode]).toEqual([400, 'M_INVALID_PARAM']);
    }
    const fullyRead = await receipt(bob, roomId, eventId, { thread_id: 'main' }, 'm.fully_read');
    expect(fullyRead.status).toBe(400);
    expect((await receipt(bob, roomId, eventId, {}, 'm.unknown')).status).toBe(400);
    const carol = await register(server.baseUrl, `carol${transactions}`);
    expect((await receipt(carol, roomId, eventId)).status).toBe(403);
  });
});

describe('typing', () => {
  it('is told, ends, and is for oneself and members alone', async () => {
    const roomId = await sharedRoom();
    const typing = (client: TestClient, userId: string, isTyping: boolean) =>
      client.put(roomPath(roomId, 'typing', userId), { typing: isTyping, timeout: 10_000 });
    const typists = async (since: string): Promise<{ users: unknown; next: string }> => {
      const answer = await bob.sync({ since, timeout: 5000 });
      const [event] = answer.rooms.join[roomId].ephemeral.events;
      expect(event).toMatchObject({ type: 'm.typing' });
      return { users: event.content.user_ids, next: answer.next_batch };
    };
    const { next_batch: since } = await bob.sync();
    await alice.ok(typing(alice, alice.userId, true));
    const first = await typists(since);
    expect(first.users).toEqual([alice.userId]);
    const waiting = typists(first.next);
    await alice.ok(typing(alice, alice.userId, false));
    expect((await waiting).users).toEqual([]);
    expect((await typing(alice, bob.userId, true)).status).toBe(403);
    const stranger = await register(server.baseUrl, `stranger${transactions}`);
    expect((await typing(stranger, stranger.userId, true)).status).toBe(403);
  });
});

describe('presence', () => {
  const status = (userId: string): string => `/_matrix/client/v3/presence/${encodeURIComponent(userId)}/status`;

  it('is told to those who share a room', async () => {
    await sharedRoom();
    const { next_batch: since } = await bob.sync();
    await alice.ok(alice.put(status(alice.userId), { presence: 'online', status_msg: 'here' }));
    expect(await bob.ok(bob.get(status(alice.userId)))).toMatchObject({ presence: 'online', status_msg: 'here' });
    const { presence } = await bob.sync({ since, timeout: 5000 });
    expect(presence.events).toContainEqual(
      expect.objectContaining({
        sender: alice.userId,
        content: expect.objectContaining({ presence: 'online', status_msg: 'here', currently_active: true }),
      }),
    );
    const before = (await bob.sync()).next_batch;
    await alice.sync({ set_presence: 'unavailable' });
    const later = await bob.sync({ since: before, timeout: 5000 });
    expect(later.presence.events.map(({ content }: AnyJson) => content.presence)).toContain('unavailable');
  });

  it('is refused to strangers and for others', async () => {
    const stranger = await register(server.baseUrl, `hermit${transactions}`);
    expect((await stranger.get(status(alice.userId))).status).toBe(403);
    expect((await stranger.get(status('@nobody:kintsugi.test'))).status).toBe(404);
    expect((await alice.put(status(bob.userId), { presence: 'online' })).status).toBe(403);
    expect((await alice.put(status(alice.userId), { presence: 'asleep' })).status).toBe(400);
  });
});

describe('push rules', () => {
  const path = (...parts: string[]): string =>
    ['/_matrix/client/v3/pushrules/global', ...parts.map(encodeURIComponent)].join('/');
  const sounds = (value: string) => ['notify', { set_tweak: 'sound', value }];

  it('are read whole and in parts, with the defaults', async () => {
    const carol = await register(server.baseUrl, 'carol');
    const all = await carol.ok(carol.get('/_matrix/client/v3/pushrules/'));
    expect(await carol.ok(carol.get('/_matrix/client/v3/pushrules/global/'))).toEqual(all.global);
    expect(all.global.override[0]).toMatchObject({ rule_id: '.m.rule.master', enabled: false });
    expect(await carol.ok(carol.get(path('override', '.m.rule.master', 'enabled')))).toEqual({ enabled: false });
    expect(await carol.ok(carol.get(path('underride', '.m.rule.message', 'actions')))).toEqual({ actions: ['notify'] });
    expect((await carol.get(path('room', '!none:here'))).status).toBe(404);
    const initial = (await carol.sync()).account_data.events.find(({ type }: AnyJson) => type === 'm.push_rules');
    expect(initial.content).toEqual(all);
    const data = `/_matrix/client/v3/user/${encodeURIComponent(carol.userId)}/account_data/m.push_rules`;
    expect(await carol.ok(carol.get(data))).toEqual(all);
    expect((await carol.put(data, {})).status).toBe(405);
  });

  it('are changed, and each change is told to the own devices', async () => {
    const dave = await register(server.baseUrl, 'dave');
    let { next_batch: since } = await dave.sync();
    const told = async (change: Promise<unknown>): Promise<AnyJson> => {
      const waiting = dave.sync({ since, timeout: 10_000 });
      await change;
      const answer = await waiting;
      since = answer.next_batch;
      const event = answer.account_data.events.find(({ type }: AnyJson) => type === 'm.push_rules');
      expect(event.content).toEqual(await dave.ok(dave.get('/_matrix/client/v3/pushrules/')));
      return event.content.global;
    };
    const rule = { actions: sounds('one') };
    expect((await told(dave.put(path('room', '!a:x'), rule))).room).toMatchObject([{ rule_id: '!a:x', enabled: true }]);
    const disabled = await told(dave.put(path('room', '!a:x', 'enabled'), { enabled: false }));
    expect(disabled.room[0].enabled).toBe(false);
    const changed = await told(dave.put(path('room', '!a:x', 'actions'), { actions: [] }));
    expect(changed.room[0].actions).toEqual([]);
    await told(dave.put(path('room', '!b:x'), rule));
    const placed = await told(dave.put(`${path('room', '!c:x')}?after=${encodeURIComponent('!b:x')}`, rule));
    expect(placed.room.map(({ rule_id: id }: AnyJson) => id)).toEqual(['!b:x', '!c:x', '!a:x']);
    expect((await told(dave.delete(path('room', '!c:x')))).room).toHaveLength(2);
    const muted = await told(dave.put(path('underride', '.m.rule.message', 'actions'), { actions: [] }));
    expect(muted.underride.find(({ rule_id: id }: AnyJson) => id === '.m.rule.message').actions).toEqual([]);
  });

  it('change what is unread from then on', async () => {
    const roomId = await sharedRoom();
    const unread = async (): Promise<number> =>
      (await bob.sync()).rooms.join[roomId].unread_notifications.notification_count;
    await alice.say(roomId, 'one');
    await bob.ok(bob.put(path('sender', alice.userId), { actions: [] }));
    await alice.say(roomId, 'two');
    expect(await unread()).toBe(1);
    await bob.ok(bob.delete(path('sender', alice.userId)));
    await alice.say(roomId, 'three');
    expect(await unread()).toBe(2);
  });

  it('are refused when they are malformed', async () => {
    const status = async (answer: Promise<{ status: number; body: AnyJson }>): Promise<unknown> => {
      const { status: code, body } = await answer;
      return [code, body.errcode];
    };
    expect(await status(alice.put(path('room', '.dot'), { actions: [] }))).toEqual([400, 'M_INVALID_PARAM']);
    expect(await status(alice.put(path('room', 'a/b'), { actions: [] }))).toEqual([400, 'M_INVALID_PARAM']);
    expect(await status(alice.put(path('nothing', 'x'), { actions: [] }))).toEqual([400, 'M_INVALID_PARAM']);
    expect(await status(alice.put(path('content', 'x'), { actions: [] }))).toEqual([400, 'M_MISSING_PARAM']);
    expect(await status(alice.put(`${path('room', 'x')}?before=none`, { actions: [] }))).toEqual([400, 'M_UNKNOWN']);
    expect(await status(alice.put(path('room', 'none', 'enabled'), { enabled: true }))).toEqual([404, 'M_NOT_FOUND']);
    expect(await status(alice.delete(path('room', 'none')))).toEqual([404, 'M_NOT_FOUND']);
  });
});
