// A disk without room: what cannot be kept is refused, all that was answered stays, and work goes on once there is room again.

import { expect, inject, test } from 'vitest';
import { login, register, type TestClient } from '../harness/client.ts';
import { createPostgresDatabase } from '../harness/databases.ts';
// For the type of inject('postgresUrl').
import type {} from '../harness/postgres-setup.ts';
import { launchServer, startServer } from '../harness/server.ts';
import { openSmallDisk } from '../harness/small-disk.ts';

const DISK_BYTES = 32 * 1024 * 1024;
const LEAVE_BYTES = 1024 * 1024;
const FILE_BYTES = 256 * 1024;
const ATTEMPTS_MAX = 500;
const long = 'x'.repeat(30_000);

const newRoom = async (client: TestClient): Promise<string> =>
  (await client.ok(client.post('/_matrix/client/v3/createRoom', {}))).room_id;

const send = (client: TestClient, roomId: string, transaction: string, body: string) => {
  const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/send/m.room.message/${transaction}`;
  return client.put(path, { msgtype: 'm.text', body });
};

/** Event ids of all messages, oldest first. */
const messages = async (client: TestClient, roomId: string): Promise<string[]> => {
  const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/messages`;
  const found: string[] = [];
  let from: string | undefined;
  do {
    const query = { dir: 'f', limit: 100, filter: '{"types":["m.room.message"]}', ...(from !== undefined && { from }) };
    const { chunk, end } = await client.ok(client.get(path, { query }));
    found.push(...chunk.map((event: { event_id: string }) => event.event_id));
    from = end;
  } while (from !== undefined);
  return found;
};

const upload = (client: TestClient) =>
  client.post('/_matrix/media/v3/upload', undefined, {
    rawBody: crypto.getRandomValues(new Uint8Array(65_536)),
    headers: { 'Content-Type': 'application/octet-stream' },
  });

test('SQLite on a full disk', async () => {
  await using disk = await openSmallDisk(DISK_BYTES);
  const answered: string[] = [];
  let roomId = '';
  {
    await using server = await startServer(disk.server);
    const alice = await register(server.baseUrl, 'alice');
    roomId = await newRoom(alice);
    for (let i = 0; i < 5; i += 1) answered.push(await alice.say(roomId, `early ${i}`));
    await disk.fill(LEAVE_BYTES);
    let refused = 0;
    for (let i = 0; i < ATTEMPTS_MAX && refused < 3; i += 1) {
      const { status, body } = await send(alice, roomId, `full-${i}`, long);
      if (status === 200) answered.push(body.event_id);
      else {
        expect([status, body.errcode]).toEqual([503, 'M_UNKNOWN']);
        refused += 1;
      }
    }
    expect(refused).toBe(3);
    expect((await upload(alice)).status).toBeGreaterThanOrEqual(500);
    expect(server.output()).toContain('The disk is full.');
    expect(server.output()).toContain('Free space on the file system of the data directory.');
    // Reading needs no room.
    expect(await messages(alice, roomId)).toEqual(answered);
    await disk.free();
    answered.push(await alice.say(roomId, 'there is room again'));
    expect((await upload(alice)).status).toBe(200);
    expect(await messages(alice, roomId)).toEqual(answered);
  }
  await disk.fill(0);
  {
    // It starts or it says why not, but nothing in between.
    await using server = await launchServer(disk.server);
    expect(await server.ended).toBe(1);
    expect(server.output()).toMatch(/full|no space/i);
    expect(server.output()).toContain('What to do: ');
  }
  await disk.free();
  await using server = await startServer(disk.server);
  const alice = await login(server.baseUrl, 'alice');
  expect(await messages(alice, roomId)).toEqual(answered);
});

test('PostgreSQL, and no room for media', async () => {
  await using disk = await openSmallDisk(FILE_BYTES);
  const { url, drop } = await createPostgresDatabase(inject('postgresUrl'));
  await using stack = new AsyncDisposableStack();
  stack.defer(drop);
  const server = stack.use(await startServer({ ...disk.server, database: url }));
  const alice = await register(server.baseUrl, 'alice');
  const roomId = await newRoom(alice);
  await disk.fill(0);
  const refused = await upload(alice);
  expect(refused.status).toBe(507);
  expect(refused.body.error).toContain('no room');
  // Talk goes on: it is kept elsewhere.
  const eventId = await alice.say(roomId, 'still here');
  expect(await messages(alice, roomId)).toEqual([eventId]);
  await disk.free();
  expect((await upload(alice)).status).toBe(200);
});
