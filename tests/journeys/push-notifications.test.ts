// Push notifications, from the pusher that a client sets to what its gateway is told.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AnyJson, login, register, type TestClient } from '../harness/client.ts';
import { type PushGateway, pusher, startPushGateway } from '../harness/push-gateway.ts';
import { startServer, type TestServer } from '../harness/server.ts';

describe('push notifications', () => {
  let server: TestServer;
  let gateway: PushGateway;
  let alice: TestClient;
  let bob: TestClient;
  let roomId: string;

  beforeAll(async () => {
    server = await startServer();
    gateway = await startPushGateway();
    alice = await register(server.baseUrl, 'alice');
    bob = await register(server.baseUrl, 'bob');
    const created = await alice.ok(
      alice.post('/_matrix/client/v3/createRoom', { preset: 'public_chat', name: 'The room', invite: [bob.userId] }),
    );
    roomId = created.room_id;
    await bob.ok(bob.post(`/_matrix/client/v3/join/${encodeURIComponent(roomId)}`));
  });
  afterAll(async () => {
    gateway.close();
    await server[Symbol.asyncDispose]();
  });

  const room = (path: string): string => `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/${path}`;
  const set = (client: TestClient, body: object) => client.ok(client.post('/_matrix/client/v3/pushers/set', body));
  const pushersOf = async (client: TestClient): Promise<AnyJson[]> =>
    (await client.ok(client.get('/_matrix/client/v3/pushers'))).pushers;

  it('tell what happened, with the count, and a lower count once it is read', async () => {
    await set(bob, pusher(gateway.url));
    const eventId = await alice.say(roomId, 'hello');
    const told = await gateway.next();
    expect(told).toMatchObject({
      event_id: eventId,
      room_id: roomId,
      type: 'm.room.message',
      sender: alice.userId,
      sender_display_name: 'alice',
      room_name: 'The room',
      content: { msgtype: 'm.text', body: 'hello' },
      counts: { unread: 1 },
      prio: 'high',
      devices: [{ app_id: 'org.example.app', pushkey: 'key', data: { brand: 'x' }, tweaks: { sound: 'default' } }],
    });
    expect(told.devices[0].data).not.toHaveProperty('url');
    await bob.ok(bob.post(room(`receipt/m.read/${encodeURIComponent(eventId)}`)));
    expect(await gateway.next()).toEqual({ counts: {}, devices: [expect.objectContaining({ pushkey: 'key' })] });
  });

  it('hold ids alone for pushers of that format', async () => {
    await set(bob, pusher(gateway.url, { data: { url: gateway.url, format: 'event_id_only' } }));
    const eventId = await alice.say(roomId, 'secret');
    const told = await gateway.next();
    expect(told).toMatchObject({ event_id: eventId, room_id: roomId, counts: { unread: 1 } });
    for (const absent of ['content', 'sender', 'type', 'room_name']) expect(told).not.toHaveProperty(absent);
    expect(told.devices[0].data).toEqual({ format: 'event_id_only' });
  });

  it('do not tell what the rules say is not to be told', async () => {
    await bob.ok(bob.put(`/_matrix/client/v3/pushrules/global/room/${encodeURIComponent(roomId)}`, { actions: [] }));
    await alice.say(roomId, 'nobody hears this');
    await bob.ok(bob.delete(`/_matrix/client/v3/pushrules/global/room/${encodeURIComponent(roomId)}`));
    const eventId = await alice.say(roomId, 'but this');
    expect(await gateway.next()).toMatchObject({ event_id: eventId });
    await bob.ok(bob.post(room(`receipt/m.read/${encodeURIComponent(eventId)}`)));
    expect(await gateway.next()).toMatchObject({ counts: {} });
  });

  it('tell of invites', async () => {
    const { room_id: other } = await alice.ok(
      alice.post('/_matrix/client/v3/createRoom', { invite: [bob.userId], is_direct: true }),
    );
    expect(await gateway.next()).toMatchObject({ room_id: other });
  });

  it('come again until the gateway has them', async () => {
    gateway.answer = { status: 502, body: {} };
    const eventId = await alice.say(roomId, 'again');
    expect(await gateway.next()).toMatchObject({ event_id: eventId });
    gateway.answer = { status: 200, body: { rejected: [] } };
    expect(await gateway.next()).toMatchObject({ event_id: eventId });
  });

  it('end with a pushkey that the gateway rejects', async () => {
    gateway.answer = { status: 200, body: { rejected: ['key'] } };
    const eventId = await alice.say(roomId, 'one more');
    expect(await gateway.next()).toMatchObject({ event_id: eventId });
    await expect.poll(() => pushersOf(bob)).toEqual([]);
    gateway.answer = { status: 200, body: { rejected: [] } };
  });

  it('go on after a restart with what was left', async () => {
    await set(bob, pusher(gateway.url));
    gateway.answer = { status: 500, body: {} };
    const eventId = await alice.say(roomId, 'before the restart');
    expect(await gateway.next()).toMatchObject({ event_id: eventId });
    await server.stop();
    gateway.answer = { status: 200, body: { rejected: [] } };
    const { port, directory } = server;
    server = await startServer({ port, directory });
    expect(await gateway.next()).toMatchObject({ event_id: eventId });
    const later = await alice.say(roomId, 'after the restart');
    expect(await gateway.next()).toMatchObject({ event_id: later });
  });

  it('have pushers with one owner, unless others are to stay', async () => {
    await set(alice, pusher(gateway.url, { append: true }));
    expect(await pushersOf(bob)).toHaveLength(1);
    await set(alice, pusher(gateway.url));
    expect(await pushersOf(bob)).toEqual([]);
    const [mine] = await pushersOf(alice);
    expect(mine).toEqual({ ...pusher(gateway.url), kind: 'http' });
    await set(alice, { kind: null, app_id: 'org.example.app', pushkey: 'key' });
    expect(await pushersOf(alice)).toEqual([]);
  });

  it('go with the device that set the pusher', async () => {
    const phone = await login(server.baseUrl, 'bob');
    await set(phone, pusher(gateway.url));
    expect(await pushersOf(bob)).toHaveLength(1);
    await phone.ok(phone.post('/_matrix/client/v3/logout'));
    expect(await pushersOf(bob)).toEqual([]);
  });

  it('refuse pushers that are incomplete, elsewhere or of unknown kinds', async () => {
    const refused = async (body: object): Promise<string> => {
      const answer = await bob.post('/_matrix/client/v3/pushers/set', body);
      expect(answer.status).toBe(400);
      return answer.body.errcode;
    };
    const { lang: _lang, ...incomplete } = pusher(gateway.url) as AnyJson;
    expect(await refused(incomplete)).toBe('M_MISSING_PARAM');
    expect(await refused(pusher('http://example.org/_matrix/push/v1/notify'))).toBe('M_INVALID_PARAM');
    expect(await refused(pusher('https://example.org/elsewhere'))).toBe('M_INVALID_PARAM');
    expect(await refused(pusher(gateway.url, { kind: 'email' }))).toBe('M_INVALID_PARAM');
    expect(await refused(pusher(gateway.url, { pushkey: 'x'.repeat(513) }))).toBe('M_INVALID_PARAM');
  });

  it('are listed, newest first and page by page', async () => {
    const list = (query: Record<string, string | number> = {}): Promise<AnyJson> =>
      bob.ok(bob.get('/_matrix/client/v3/notifications', { query }));
    const mention = await alice.ok(
      alice.put(room('send/m.room.message/mention'), {
        msgtype: 'm.text',
        body: 'bob!',
        'm.mentions': { user_ids: [bob.userId] },
      }),
    );
    const last = await alice.say(roomId, 'the last');
    const page = await list({ limit: 1 });
    expect(page.notifications).toMatchObject([{ read: false, room_id: roomId, event: { event_id: last } }]);
    const next = await list({ limit: 1, from: page.next_token });
    expect(next.notifications).toMatchObject([
      { actions: ['notify', { set_tweak: 'highlight' }], event: { event_id: mention.event_id } },
    ]);
    const highlights = await list({ only: 'highlight' });
    expect(highlights.notifications.map(({ event }: AnyJson) => event.event_id)).toEqual([mention.event_id]);
    await bob.ok(bob.post(room(`receipt/m.read/${encodeURIComponent(last)}`)));
    const { notifications } = await list();
    const ofRoom = notifications.filter(({ room_id: where }: AnyJson) => where === roomId);
    expect(ofRoom.every(({ read }: AnyJson) => read)).toBe(true);
    // The invite that bob did not answer.
    expect(notifications.filter((each: AnyJson) => !ofRoom.includes(each))).toMatchObject([
      { read: false, event: { type: 'm.room.member', state_key: bob.userId, content: { membership: 'invite' } } },
    ]);
  });
});
