// The deprecated ways to follow a server: /initialSync, /events and single events; and a guest's look into a room.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AnyJson, createClient, register, type TestClient } from '../harness/client.ts';
import { inRoom, join, newRoom, putState, refusal, roomPath } from '../harness/room-client.ts';
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

const old = (client: TestClient, path: string, query: Record<string, string | number | boolean> = {}) =>
  client.get(`/_matrix/client/v3/${path}`, { query });
const bodies = (chunk: AnyJson[]): string[] => chunk.flatMap((event) => event.content.body ?? []);

test('/initialSync tells rooms with their state and latest messages, and /events goes on from there', async () => {
  const roomId = await newRoom(alice, { preset: 'public_chat' });
  const invited = await newRoom(bob, { invite: [alice.userId] });
  for (let n = 0; n < 4; n++) await alice.say(roomId, `m${n}`);
  const whole = await alice.ok(old(alice, 'initialSync', { limit: 2 }));
  const room = whole.rooms.find((each: AnyJson) => each.room_id === roomId);
  expect(bodies(room.messages.chunk)).toEqual(['m2', 'm3']);
  expect(room.state.map((event: AnyJson) => event.type)).toContain('m.room.create');
  expect(room).toMatchObject({ membership: 'join', visibility: 'private' });
  const earlier = { dir: 'b', from: room.messages.start, limit: 2 };
  expect(bodies((await alice.ok(alice.get(roomPath(roomId, 'messages'), { query: earlier }))).chunk)).toEqual([
    'm1',
    'm0',
  ]);
  expect(whole.rooms.find((each: AnyJson) => each.room_id === invited)).toMatchObject({
    membership: 'invite',
    invite: { type: 'm.room.member', state_key: alice.userId },
  });
  const waiting = alice.ok(old(alice, 'events', { from: whole.end, timeout: 20_000 }));
  await join(bob, roomId);
  await bob.say(roomId, 'm4');
  const first = await waiting;
  expect(first.chunk[0]).toMatchObject({ room_id: roomId, type: 'm.room.member', state_key: bob.userId });
  const second = await alice.ok(old(alice, 'events', { from: first.end, timeout: 20_000 }));
  expect(bodies([...first.chunk, ...second.chunk])).toEqual(['m4']);
  const nothing = await alice.ok(old(alice, 'events', { from: second.end, timeout: 0 }));
  expect(nothing.chunk).toEqual([]);
});

test('rooms that were left come with `archived`', async () => {
  const roomId = await newRoom(alice);
  await alice.ok(inRoom(alice, roomId, 'leave'));
  const ids = (answer: AnyJson): string[] => answer.rooms.map((room: AnyJson) => room.room_id);
  expect(ids(await alice.ok(old(alice, 'initialSync')))).not.toContain(roomId);
  expect(ids(await alice.ok(old(alice, 'initialSync', { archived: true })))).toContain(roomId);
});

test('a room that anybody may read can be listened to, others cannot', async () => {
  const guest = await createClient(server.baseUrl).post(
    '/_matrix/client/v3/register',
    {},
    { query: { kind: 'guest' } },
  );
  const { user_id: userId, device_id: deviceId, access_token: accessToken } = guest.body;
  const client = createClient(server.baseUrl, { userId, deviceId, accessToken });
  const roomId = await newRoom(alice);
  expect(await refusal(old(client, 'events', { room_id: roomId, timeout: 0 }))).toBe('403 M_FORBIDDEN');
  await alice.ok(putState(alice, roomId, 'm.room.history_visibility', { history_visibility: 'world_readable' }));
  const { end } = await client.ok(old(client, 'events', { room_id: roomId, timeout: 0 }));
  const waiting = client.ok(old(client, 'events', { room_id: roomId, from: end, timeout: 20_000 }));
  await alice.say(roomId, 'for all to hear');
  expect(bodies((await waiting).chunk)).toEqual(['for all to hear']);
});

test('a single event is shown to who may see it', async () => {
  const roomId = await newRoom(alice);
  const eventId = await alice.say(roomId, 'mine');
  const path = `events/${encodeURIComponent(eventId)}`;
  expect(await alice.ok(old(alice, path))).toMatchObject({ event_id: eventId, room_id: roomId });
  expect((await refusal(old(bob, path))).slice(0, 3)).toMatch(/403|404/);
  expect(await refusal(old(alice, 'events/$nothing'))).toBe('404 M_NOT_FOUND');
});
