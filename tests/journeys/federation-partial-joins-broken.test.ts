// Rooms that are joined in part while everything goes wrong: the server is killed, the other one breaks off or tells what is wrong.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AnyJson, createClient, register, type TestClient } from '../harness/client.ts';
import { type CrowdedResident, startCrowdedResident } from '../harness/crowded-resident.ts';
import { type FederatedServer, startFederated } from '../harness/federated.ts';
import { roomPath } from '../harness/room-client.ts';
import { freePort, startServer, type TestServer } from '../harness/server.ts';
import { until } from '../harness/until.ts';

const MEMBERS = 1200;
const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url));
const lazy = JSON.stringify({ room: { state: { lazy_load_members: true } } });

const stack = new AsyncDisposableStack();
let server: FederatedServer;
let bob: TestClient;

beforeAll(async () => {
  server = stack.use(await startFederated());
  bob = await server.register('bob');
});
afterAll(() => stack.disposeAsync());

const joinRoom = (client: TestClient, { roomId, name }: CrowdedResident) =>
  client.ok(client.post(`/_matrix/client/v3/join/${encodeURIComponent(roomId)}?via=${name}`));

const memberCount = async (client: TestClient, { roomId }: CrowdedResident): Promise<number> =>
  Object.keys((await client.ok(client.get(roomPath(roomId, 'joined_members')))).joined).length;

test('what members do who are not known yet is shown', async () => {
  const resident = stack.use(await startCrowdedResident(MEMBERS));
  const { roomId, tell } = resident;
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  resident.tell = (text, response) => void opened.then(() => tell(text, response));
  await joinRoom(bob, resident);
  await until('question for the state', async () => resident.asked > 0);
  const { next_batch: since, rooms } = await bob.sync({ filter: lazy });
  const eventId = rooms.join[roomId].timeline.events.at(-1).event_id;
  const receive = (edu_type: string, content: object) =>
    server.parts.federation.edus.receive(resident.name, [{ edu_type, content: content as never }]);
  const receipt = (user: string) => ({ [user]: { event_ids: [eventId], data: { ts: 1 } } });
  await receive('m.typing', { room_id: roomId, user_id: resident.member(3), typing: true });
  await receive('m.receipt', { [roomId]: { 'm.read': receipt(resident.member(4)) } });
  await receive('m.presence', { push: [{ user_id: resident.member(5), presence: 'online' }] });
  const news = await bob.sync({ filter: lazy, since });
  const ephemeral: { type: string; content: object }[] = news.rooms.join[roomId].ephemeral.events;
  expect(ephemeral).toContainEqual({ type: 'm.typing', content: { user_ids: [resident.member(3)] } });
  const receipts = ephemeral.find(({ type }) => type === 'm.receipt')!.content;
  expect(receipts).toMatchObject({ [eventId]: { 'm.read': { [resident.member(4)]: { ts: 1 } } } });
  open();
  expect(await memberCount(bob, resident)).toBe(MEMBERS + 2);
  const { presence } = await bob.sync({ filter: lazy });
  expect(presence.events.map(({ sender }: AnyJson) => sender)).toContain(resident.member(5));
});

test('an answer that breaks off is asked for again', async () => {
  const resident = stack.use(await startCrowdedResident(MEMBERS));
  const { tell } = resident;
  resident.tell = (text, response) => {
    resident.tell = tell;
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.write(text.slice(0, text.length * 0.9), () => response.destroy());
  };
  await joinRoom(bob, resident);
  expect(await memberCount(bob, resident)).toBe(MEMBERS + 2);
  expect(resident.asked).toBe(2);
});

test('a server that tells all members at once is not waited for until they are taken in', async () => {
  const resident = stack.use(await startCrowdedResident(MEMBERS, { tellsAll: true }));
  const { roomId, tell } = resident;
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  resident.tell = (text, response) => void opened.then(() => tell(text, response));
  await joinRoom(bob, resident);
  const { rooms } = await bob.sync({ filter: lazy });
  expect(rooms.join[roomId].summary['m.joined_member_count']).toBeLessThan(100);
  await bob.ok(bob.put(roomPath(roomId, 'send', 'm.room.message', 'usable'), { msgtype: 'm.text', body: 'Hello' }));
  expect((await server.parts.explain.room(roomId))!).toMatchObject({
    resident: 'partly',
    partial_join: { via: resident.name },
  });
  open();
  expect(await memberCount(bob, resident)).toBe(MEMBERS + 2);
});

/** A server of its own process that can be killed. */
const startMortal = async () => {
  const port = await freePort();
  const clientPort = await freePort();
  let running: TestServer | undefined;
  const start = async (directory?: string): Promise<TestServer> => {
    running = await startServer({
      ...(directory !== undefined && { directory }),
      port: clientPort,
      serverName: `127.0.0.1:${port}`,
      args: ['--listen-tls', `127.0.0.1:${port}`, '--tls-cert', fixture('peer.pem'), '--tls-key', fixture('peer.key')],
      env: { KINTSUGI_EXTRA_CA: fixture('peers-ca.pem') },
    });
    return running;
  };
  const first = await start();
  stack.defer(async () => {
    await running?.stop('SIGKILL');
    await first[Symbol.asyncDispose]();
  });
  return { first, restart: () => start(first.directory) };
};

test('a server that is killed while the state comes goes on with it, and has what came before', async () => {
  const resident = stack.use(await startCrowdedResident(MEMBERS));
  const { tell } = resident;
  const { first, restart } = await startMortal();
  const dave = await register(first.baseUrl, 'dave');
  // Two thirds of it, and then nothing.
  resident.tell = (text, response) =>
    void response.writeHead(200, { 'Content-Type': 'application/json' }).write(text.slice(0, (text.length * 2) / 3));
  await joinRoom(dave, resident);
  const stored = (): number => {
    const database = new DatabaseSync(join(first.directory, 'kintsugi.db'), { readOnly: true });
    const row = database.prepare('SELECT count(*) AS n FROM events WHERE verdict = 0').get() as { n: number };
    database.close();
    return row.n;
  };
  await until('part of the state', async () => stored() > 500);
  await first.stop('SIGKILL');
  const kept = stored();
  expect(kept).toBeLessThan(MEMBERS);
  resident.tell = tell;
  const second = await restart();
  const again = createClient(second.baseUrl, dave);
  expect(await memberCount(again, resident)).toBe(MEMBERS + 2);
  expect(resident.asked).toBe(2);
  await again.say(resident.roomId, 'still here');
  // Each member, those who were renamed twice; what the room has besides, the join, and what was said.
  expect(stored()).toBe(MEMBERS + MEMBERS / 3 + 4 + 2);
});
