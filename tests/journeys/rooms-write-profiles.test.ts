// Profiles in member events, and the end of accounts in rooms, over a real server that is also stopped in between.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { register, type TestClient } from '../harness/client.ts';
import { inRoom, join, newRoom, putState, stateOf } from '../harness/room-client.ts';
import { startServer, type TestServer } from '../harness/server.ts';

let server: TestServer;
let alice: TestClient;

beforeAll(async () => {
  server = await startServer();
  alice = await register(server.baseUrl, 'alice');
});
afterAll(() => server[Symbol.asyncDispose]());

const setName = (client: TestClient, displayname: string) =>
  client.ok(client.put(`/_matrix/client/v3/profile/${encodeURIComponent(client.userId)}/displayname`, { displayname }));

const memberOf = (roomId: string, of: TestClient) => stateOf(alice, roomId, 'm.room.member', of.userId);

const namesIn = (rooms: readonly string[], of: TestClient): Promise<unknown[]> =>
  Promise.all(rooms.map(async (roomId) => (await memberOf(roomId, of)).displayname));

const roomsOf = (count: number): Promise<string[]> =>
  Promise.all(Array.from({ length: count }, () => newRoom(alice, { preset: 'public_chat' })));

test('a new name is shown in all rooms a little later, and never brings back who left', async () => {
  const bob = await register(server.baseUrl, 'bob');
  const rooms = await roomsOf(25);
  for (const roomId of rooms) await join(bob, roomId);
  await putState(bob, rooms[0]!, 'm.room.member', { membership: 'join', 'org.example.key': 1 }, bob.userId);
  await setName(bob, 'First');
  await setName(bob, 'Second');
  await bob.ok(inRoom(bob, rooms[24]!, 'leave'));
  await expect.poll(() => namesIn(rooms.slice(0, 24), bob), { timeout: 20_000 }).toEqual(Array(24).fill('Second'));
  expect(await memberOf(rooms[0]!, bob)).toEqual({ membership: 'join', displayname: 'Second', 'org.example.key': 1 });
  expect(await memberOf(rooms[24]!, bob)).toMatchObject({ membership: 'leave' });
  await setName(bob, '');
  await expect.poll(() => namesIn(rooms.slice(0, 24), bob), { timeout: 20_000 }).toEqual(Array(24).fill(undefined));
});

test('a stop in the middle does not lose a new name', async () => {
  const carol = await register(server.baseUrl, 'carol');
  const rooms = await roomsOf(40);
  for (const roomId of rooms) await join(carol, roomId);
  await setName(carol, 'Carol');
  const { port, directory } = server;
  await server.stop('SIGKILL');
  server = await startServer({ port, directory });
  await expect.poll(() => namesIn(rooms, carol), { timeout: 30_000 }).toEqual(Array(40).fill('Carol'));
});

test('a deactivated user leaves, declines and takes back', async () => {
  const dave = await register(server.baseUrl, 'dave');
  const [joined, invited, knocked] = [
    await newRoom(alice, { preset: 'public_chat' }),
    await newRoom(alice, { invite: [dave.userId] }),
    await newRoom(alice, { initial_state: [{ type: 'm.room.join_rules', content: { join_rule: 'knock' } }] }),
  ];
  await join(dave, joined);
  await dave.ok(dave.post(`/_matrix/client/v3/knock/${encodeURIComponent(knocked)}`, {}));
  const path = '/_matrix/client/v3/account/deactivate';
  const { session } = (await dave.post(path, {})).body;
  const auth = {
    type: 'm.login.password',
    identifier: { type: 'm.id.user', user: 'dave' },
    password: 'dave-pass',
    session,
  };
  await dave.ok(dave.post(path, { auth }));
  const memberships = () =>
    Promise.all([joined, invited, knocked].map(async (roomId) => (await memberOf(roomId, dave)).membership));
  await expect.poll(memberships, { timeout: 20_000 }).toEqual(['leave', 'leave', 'leave']);
});
