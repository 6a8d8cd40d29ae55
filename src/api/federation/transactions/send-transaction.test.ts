// A whole server, and another one of the test's own that signs what it sends.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AskingServer, startAskingServer } from '../../../../tests/harness/asking-server.ts';
import type { TestClient } from '../../../../tests/harness/client.ts';
import { type FederatedServer, startFederated } from '../../../../tests/harness/federated.ts';
import { testKey } from '../../../../tests/harness/peer-server.ts';
import {
  answerForRooms,
  createRemoteRoom,
  type RemoteEvent,
  type RemoteRoom,
} from '../../../../tests/harness/remote-room.ts';
import { until } from '../../../../tests/harness/until.ts';
import type { EventId, RoomId } from '../../../protocol/ids/branded.ts';

const life = new AsyncDisposableStack();
let us: FederatedServer;
let them: AskingServer;
let alice: TestClient;
let txn = 0;

beforeAll(async () => {
  us = life.use(await startFederated());
  them = life.use(await startAskingServer(Date.now()));
  const { handler } = them.peer;
  them.peer.handler = answerForRooms(rooms, (request, response) =>
    request.url.includes('/send/') ? [200, { pdus: {} }] : handler(request, response),
  );
  alice = await us.register('alice');
}, 30_000);
afterAll(() => life.disposeAsync());

const rooms: RemoteRoom[] = [];

/** A public room of Alice's that Bob of the other server joined by an event that was sent. */
const sharedRoom = async (): Promise<RemoteRoom> => {
  const made = await alice.ok(
    alice.post('/_matrix/client/v3/createRoom', { preset: 'public_chat', room_version: '11' }),
  );
  const roomId = made.room_id as RoomId;
  const view = await us.parts.rooms.view(roomId);
  const key = testKey('ed25519:asking');
  const room = createRemoteRoom({ roomId, version: view.version, server: { name: them.name, key } });
  const bob = them.userId('bob');
  const picked = await view.pick([
    ['m.room.create', ''],
    ['m.room.power_levels', ''],
    ['m.room.join_rules', ''],
  ]);
  const [create, levels, rules] = picked.map((event) => event!.eventId) as [EventId, EventId, EventId];
  const [head] = await us.parts.rooms.receive.extremities(roomId);
  room.latest = [head!.eventId];
  room.depth = head!.depth;
  const member = { type: 'm.room.member', stateKey: bob, sender: bob, content: { membership: 'join' } };
  const join = room.make({ ...member, authEvents: [create, levels, rules] });
  room.authEvents = [create, levels, join.eventId];
  rooms.push(room);
  await send(join);
  await seen(room, join.eventId);
  return room;
};

const transaction = (txnId: string, pdus: readonly RemoteEvent[]) =>
  them.ask(us.name, 'PUT', `/_matrix/federation/v1/send/${txnId}`, {
    origin: them.name,
    origin_server_ts: 1,
    pdus: pdus.map(({ wire }) => wire),
  });
const send = async (...events: readonly RemoteEvent[]) => {
  const { status, body } = await transaction(`t${txn++}`, events);
  expect(status).toBe(200);
  return body.pdus;
};
const say = (room: RemoteRoom, body: string, more: object = {}) =>
  room.make({ content: { msgtype: 'm.text', body }, ...more });

const timeline = async (roomId: RoomId): Promise<string[]> => {
  const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/messages`;
  const { chunk } = await alice.ok(alice.get(path, { query: { dir: 'b', limit: 100 } }));
  return (chunk as { event_id: string }[]).map((event) => event.event_id).reverse();
};
const seen = (room: RemoteRoom, id: EventId) =>
  until('event in the timeline', async () => (await timeline(room.roomId)).includes(id) || undefined);

describe('PUT /send', () => {
  test('brings events of another server to clients', async () => {
    const room = await sharedRoom();
    const events = [say(room, 'one'), say(room, 'two')];
    expect(await send(...events)).toEqual(Object.fromEntries(events.map(({ eventId }) => [eventId, {}])));
    await seen(room, events[1]!.eventId);
    const answers = [await transaction('again', [say(room, 'three')]), await transaction('again', [])];
    expect(answers[0]!.body).toEqual(answers[1]!.body);
  });

  test('is for signed requests of servers that the room lets take part', async () => {
    const room = await sharedRoom();
    const unsigned = await fetch(`${us.baseUrl}/_matrix/federation/v1/send/x`, { method: 'PUT', body: '{}' });
    expect(unsigned.status).toBe(401);
    const acl = { allow: ['*'], deny: ['127.0.0.*'] };
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room.roomId)}/state/m.room.server_acl`;
    await alice.ok(alice.put(path, acl));
    const denied = say(room, 'denied');
    expect(await send(denied)).toEqual({ [denied.eventId]: { error: expect.stringContaining('ACL') } });
    expect(await timeline(room.roomId)).not.toContain(denied.eventId);
  });

  test('fetches what is missing in between', async () => {
    const room = await sharedRoom();
    const missing = ['one', 'two', 'three'].map((text) => say(room, text));
    const last = say(room, 'last');
    await send(last);
    await seen(room, last.eventId);
    const ids = [...missing, last].map(({ eventId }) => eventId);
    expect((await timeline(room.roomId)).slice(-4)).toEqual(ids);
  });

  test('keeps nothing of what the rules refuse, and goes on', async () => {
    const room = await sharedRoom();
    const bob = them.userId('bob');
    const [, , join] = room.authEvents;
    const levels = room.make({ type: 'm.room.power_levels', stateKey: '', content: { users: { [bob]: 100 } } });
    room.latest = [join!];
    const lost = say(room, 'its prev events are a secret', { prevEvents: [`$${'a'.repeat(43)}`] });
    room.latest = [join!];
    const good = say(room, 'good');
    await send(levels, lost, good);
    await seen(room, good.eventId);
    const stored = () => us.parts.rooms.receive.stored([levels.eventId, lost.eventId]);
    await until('both verdicts', async () => (await stored()).size === 2 || undefined);
    for (const { isRejected } of (await stored()).values()) expect(isRejected).toBe(true);
    const ids = await timeline(room.roomId);
    expect(ids).not.toContain(levels.eventId);
    expect(ids).not.toContain(lost.eventId);
    expect(room.latest).toEqual([good.eventId]);
  });

  test('asks again for what comes after an event whose history was not to be had', async () => {
    const room = await sharedRoom();
    const bad = say(room, 'bad');
    const first = say(room, 'first');
    const { handler } = them.peer;
    const asked: string[] = [];
    them.peer.handler = (request, response) => {
      if (!request.url.includes('/get_missing_events/')) return handler(request, response);
      asked.push(...(JSON.parse(request.body) as { latest_events: string[] }).latest_events);
      return [200, { events: [{ ...bad.wire, content: { bad: 'value' }, depth: -1 }] }];
    };
    const second = say(room, 'second');
    await send(first);
    await until('question', () => asked.length > 0);
    await send(second);
    await until('verdict', async () => (await us.parts.rooms.receive.stored([second.eventId])).size > 0 || undefined);
    them.peer.handler = handler;
    expect(asked).toEqual([first.eventId, second.eventId]);
  });

  test('takes auth events from elsewhere, and rejects with them what they authorise', async () => {
    const room = await sharedRoom();
    const bob = them.userId('bob');
    const [create, , join] = room.authEvents;
    const after = [...room.latest];
    const refused = room.make({ type: 'm.room.power_levels', stateKey: '', content: { users: {} } });
    await send(refused);
    const outlier = room.make({
      ...{ type: 'm.room.member', stateKey: bob, sender: bob, content: { membership: 'join', test: 1 } },
      ...{ prevEvents: after, authEvents: [create!, refused.eventId, join!] },
    });
    const sent = say(room, 'sent', { prevEvents: after, authEvents: [create!, outlier.eventId] });
    const last = say(room, 'last');
    await send(sent, last);
    await seen(room, last.eventId);
    expect(await timeline(room.roomId)).not.toContain(sent.eventId);
    const stored = await us.parts.rooms.receive.stored([outlier.eventId, sent.eventId]);
    for (const { isRejected } of stored.values()) expect(isRejected).toBe(true);
    expect(stored.size).toBe(2);
  });

  test('places what stands above a history too long to fetch by the state that the sender tells', async () => {
    const room = await sharedRoom();
    const { roomId } = room;
    for (let i = 0; i < 300; i++) say(room, `${i}`);
    const before = (await us.parts.rooms.view(roomId).then((view) => view.all())).map(({ eventId }) => eventId);
    const { handler } = them.peer;
    them.peer.handler = (request, response) =>
      request.url.includes('/state_ids/')
        ? [200, { pdu_ids: before, auth_chain_ids: before }]
        : handler(request, response);
    const last = say(room, 'last');
    await send(last);
    await seen(room, last.eventId);
    them.peer.handler = handler;
    expect((await timeline(roomId)).at(-1)).toBe(last.eventId);
  });
});
