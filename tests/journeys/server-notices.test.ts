// What operators tell users: from the command line into a room of the user's own.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectRoot, runCommand } from '../../scripts/run-command.ts';
import { createClient, register, type TestClient } from '../harness/client.ts';
import { startServer, type TestServer } from '../harness/server.ts';

let server: TestServer;
let directory: string;
let config: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kintsugi-notices-'));
  config = join(directory, 'config.yaml');
  const loadTest = await readFile(join(projectRoot, 'examples/load-test.yaml'), 'utf8');
  const notices = 'serverNotices: { localpart: notices, displayName: The server, mayLeave: false }';
  await writeFile(config, `${loadTest}\n${notices}\nturn: { uris: ["turn:turn.example"], sharedSecret: s }\n`);
  server = await startServer({ config });
}, 60_000);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

const kintsugi = (...args: string[]) =>
  runCommand(process.execPath, [
    '--disable-warning=ExperimentalWarning',
    join(projectRoot, 'src/cli/kintsugi.js'),
    ...args,
    ...['--config', config, '--data', server.directory, '--server-name', server.serverName],
  ]);

interface Sync {
  readonly rooms?: {
    readonly invite?: Record<string, object>;
    readonly join?: Record<
      string,
      { account_data: { events: { type: string; content: object }[] }; timeline: { events: Message[] } }
    >;
  };
}
interface Message {
  readonly type: string;
  readonly sender: string;
  readonly content: { readonly body?: string };
}

const sync = async (client: TestClient): Promise<Sync> => (await client.sync()) as Sync;

test('a user is told, in one room, in which they cannot speak and which they cannot leave', async () => {
  const alice = await register(server.baseUrl, 'alice');
  const first = await kintsugi('user', 'notice', 'alice', 'We move on Sunday.');
  expect(first).toMatchObject({ code: 0, output: expect.stringContaining('@alice:kintsugi.test is told.') });
  const [roomId = ''] = Object.keys((await sync(alice)).rooms?.invite ?? {});
  expect(roomId).not.toBe('');
  const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}`;
  const refused = { status: 403, body: { errcode: 'M_CANNOT_LEAVE_SERVER_NOTICE_ROOM' } };
  expect(await alice.post(`${path}/leave`, {})).toMatchObject(refused);
  expect((await alice.post(`${path}/join`, {})).status).toBe(200);
  expect((await kintsugi('user', 'notice', '@alice:kintsugi.test', 'Today.')).code).toBe(0);
  const joined = (await sync(alice)).rooms?.join ?? {};
  expect(Object.keys(joined)).toEqual([roomId]);
  const { account_data: accountData, timeline } = joined[roomId]!;
  expect(accountData.events).toContainEqual({ type: 'm.tag', content: { tags: { 'm.server_notice': {} } } });
  const said = timeline.events.filter(({ type }) => type === 'm.room.message');
  expect(said.map(({ sender, content }) => [sender, content.body])).toEqual([
    ['@notices:kintsugi.test', 'We move on Sunday.'],
    ['@notices:kintsugi.test', 'Today.'],
  ]);
  expect(await alice.post(`${path}/leave`, {})).toMatchObject(refused);
  const own = await alice.put(`${path}/state/m.room.member/${encodeURIComponent(alice.userId)}`, {
    membership: 'leave',
  });
  expect(own).toMatchObject(refused);
  const spoken = await alice.put(`${path}/send/m.room.message/t1`, { msgtype: 'm.text', body: 'Thanks' });
  expect(spoken).toMatchObject({ status: 403, body: { errcode: 'M_FORBIDDEN' } });
});

test('all are told; nobody but administrators can tell; who is not there cannot be told', async () => {
  const bob = await register(server.baseUrl, 'bob');
  expect((await kintsugi('user', 'notice', '--all', 'Good morning')).output).toContain('users were told.');
  expect(Object.keys((await sync(bob)).rooms?.invite ?? {})).toHaveLength(1);
  // The administrators' endpoints are not the specification's.
  const unchecked = createClient(server.baseUrl, { ...bob, isUnchecked: true });
  const asBob = await unchecked.post('/_kintsugi/admin/v1/notices', { body: 'Free money' });
  expect(asBob).toMatchObject({ status: 403, body: { errcode: 'M_FORBIDDEN' } });
  expect(await kintsugi('user', 'notice', 'nobody', 'x')).toMatchObject({
    code: 1,
    output: expect.stringContaining('There is no user @nobody:kintsugi.test.'),
  });
  const taken = await register(server.baseUrl, 'notices').catch((error: Error) => error.message);
  expect(taken).toContain('M_USER_IN_USE');
  expect((await bob.get('/_matrix/client/v3/voip/turnServer')).body).toMatchObject({
    ttl: 3600,
    uris: ['turn:turn.example'],
  });
});
