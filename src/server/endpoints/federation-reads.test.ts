// What other servers ask of profiles, aliases, published rooms, spaces and media, over TLS with signed requests.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AskedAnswer, type AskingServer, startAskingServer } from '../../../tests/harness/asking-server.ts';
import type { AnyJson, TestClient } from '../../../tests/harness/client.ts';
import { type FederatedServer, startFederated } from '../../../tests/harness/federated.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { RoomId, UserId } from '../../protocol/ids/branded.ts';

const stack = new AsyncDisposableStack();
let us: FederatedServer;
let them: AskingServer;
let alice: TestClient;

beforeAll(async () => {
  us = stack.use(await startFederated());
  them = stack.use(await startAskingServer(us.parts.clock.now()));
  alice = await us.register('alice');
});
afterAll(() => stack.disposeAsync());

const get = (path: string): Promise<AskedAnswer> => them.get(us.name, `/_matrix/federation/v1${path}`);
const post = (path: string, body: JsonObject): Promise<AskedAnswer> =>
  them.ask(us.name, 'POST', `/_matrix/federation/v1${path}`, body);
const enc = encodeURIComponent;
const createRoom = async (body: object): Promise<RoomId> =>
  (await alice.ok(alice.post('/_matrix/client/v3/createRoom', body))).room_id as RoomId;
const member = (roomId: RoomId, membership: string, sender: string = them.userId('bob')) =>
  us.parts.rooms.send(roomId, {
    type: 'm.room.member',
    stateKey: them.userId('bob'),
    sender: sender as UserId,
    content: { membership },
  });

describe('profiles', () => {
  const query = (userId: string, field = ''): Promise<AskedAnswer> =>
    get(`/query/profile?user_id=${enc(userId)}${field && `&field=${field}`}`);

  test('are told whole or by field', async () => {
    const path = `/_matrix/client/v3/profile/${enc(alice.userId)}/displayname`;
    await alice.ok(alice.put(path, { displayname: 'Alice' }));
    expect((await query(alice.userId)).body).toEqual({ displayname: 'Alice' });
    expect((await query(alice.userId, 'displayname')).body).toEqual({ displayname: 'Alice' });
    expect(await query(alice.userId, 'avatar_url')).toMatchObject({ status: 200, body: {} });
  });

  test('are those of users of this server', async () => {
    expect(await query(`@nobody:${us.name}`)).toMatchObject({ status: 404, body: { errcode: 'M_NOT_FOUND' } });
    expect((await query(them.userId('bob'))).status).toBe(400);
    expect((await query('nonsense')).status).toBe(400);
    expect((await get('/query/weather')).body).toMatchObject({ errcode: 'M_UNRECOGNIZED' });
  });
});

test('aliases are told with the servers in the room', async () => {
  const roomId = await createRoom({ preset: 'public_chat', room_alias_name: 'here' });
  const query = (alias: string): Promise<AskedAnswer> => get(`/query/directory?room_alias=${enc(alias)}`);
  expect((await query(`#here:${us.name}`)).body).toEqual({ room_id: roomId, servers: [us.name] });
  await member(roomId, 'join');
  expect((await query(`#here:${us.name}`)).body.servers).toEqual([us.name, them.name]);
  expect((await query(`#there:${us.name}`)).status).toBe(404);
});

test('published rooms come in pages', async () => {
  const names = ['apples', 'pears', 'plums'];
  for (const name of names) await createRoom({ visibility: 'public', name });
  const all = (await get('/publicRooms')).body;
  expect(all.chunk.map(({ name }: AnyJson) => name)).toEqual(names);
  const first = (await get('/publicRooms?limit=2')).body;
  const second = (await get(`/publicRooms?limit=2&since=${first.next_batch}`)).body;
  expect([...first.chunk, ...second.chunk]).toEqual(all.chunk);
  const found = await post('/publicRooms', { filter: { generic_search_term: 'PEAR' } });
  expect(found.body.chunk.map(({ name }: AnyJson) => name)).toEqual(['pears']);
  expect((await post('/publicRooms', { filter: { room_types: ['m.space'] } })).body.chunk).toEqual([]);
  expect((await get('/publicRooms?third_party_instance_id=irc')).body.chunk).toEqual([]);
});

describe('spaces', () => {
  test('are told with those children that the server has a way into', async () => {
    const space = await createRoom({ preset: 'public_chat', creation_content: { type: 'm.space' }, name: 'space' });
    const restricted = (allowed: string) => ({
      type: 'm.room.join_rules',
      state_key: '',
      content: { join_rule: 'restricted', allow: [{ type: 'm.room_membership', room_id: allowed }] },
    });
    const open = await createRoom({ preset: 'public_chat', name: 'open' });
    const closed = await createRoom({ preset: 'private_chat', name: 'closed' });
    const ofSpace = await createRoom({ preset: 'private_chat', initial_state: [restricted(space)] });
    const elsewhere = '!elsewhere:far.test';
    for (const [index, child] of [open, closed, ofSpace, elsewhere].entries()) {
      const content = { via: [us.name], suggested: index === 0 };
      await alice.ok(alice.put(`/_matrix/client/v3/rooms/${enc(space)}/state/m.space.child/${enc(child)}`, content));
    }
    const hierarchy = async (query = '') => (await get(`/hierarchy/${enc(space)}${query}`)).body;
    const ids = (rooms: AnyJson[]): string[] => rooms.map(({ room_id: id }) => id);
    const before = await hierarchy();
    expect(before.room).toMatchObject({ room_id: space, name: 'space', room_type: 'm.space' });
    expect(before.room.children_state).toHaveLength(4);
    expect(ids(before.children)).toEqual([open]);
    expect(before.inaccessible_children).toEqual([closed, ofSpace]);
    await member(space, 'join');
    await member(closed, 'invite', alice.userId);
    const after = await hierarchy();
    expect(ids(after.children)).toEqual([open, closed, ofSpace]);
    expect(after.children[2].allowed_room_ids).toEqual([space]);
    expect(after.inaccessible_children).toEqual([]);
    expect(ids((await hierarchy('?suggested_only=true')).children)).toEqual([open]);
  });

  test('that are closed to the server are as those that do not exist', async () => {
    const closed = await createRoom({ preset: 'private_chat', creation_content: { type: 'm.space' } });
    const answers = [await get(`/hierarchy/${enc(closed)}`), await get(`/hierarchy/${enc('!none:far.test')}`)];
    expect(answers.map(({ status, body }) => [status, body])).toEqual([
      [404, answers[0]!.body],
      [404, answers[0]!.body],
    ]);
    const excluding = await createRoom({ preset: 'public_chat', creation_content: { type: 'm.space' } });
    const path = `/_matrix/client/v3/rooms/${enc(excluding)}/state/m.room.server_acl/`;
    await alice.ok(alice.put(path, { allow: ['*'], allow_ip_literals: false }));
    expect((await get(`/hierarchy/${enc(excluding)}`)).status).toBe(404);
  });
});

describe('media', () => {
  const png = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  );
  const upload = async (bytes: Uint8Array, type: string, name: string): Promise<string> => {
    const headers = { 'Content-Type': type };
    const answer = await alice.ok(
      alice.post('/_matrix/media/v3/upload', undefined, { rawBody: bytes, headers, query: { filename: name } }),
    );
    return String(answer.content_uri).split('/').at(-1) ?? '';
  };
  /** The two parts, each its head and its bytes. */
  const partsOf = ({ contentType, bytes }: AskedAnswer): { head: string; bytes: Buffer }[] => {
    const boundary = /^multipart\/mixed; boundary=([^"]+)$/.exec(contentType)?.[1] ?? '';
    const text = bytes.toString('latin1');
    expect(text.endsWith(`\r\n--${boundary}--\r\n`)).toBe(true);
    return text
      .split(`--${boundary}`)
      .slice(1, -1)
      .map((part) => {
        const end = part.indexOf('\r\n\r\n');
        return { head: part.slice(2, end), bytes: Buffer.from(part.slice(end + 4, -2), 'latin1') };
      });
  };

  test('comes as two parts', async () => {
    const content = Buffer.from([...Array(100_000).keys()].map((n) => n % 256));
    const id = await upload(content, 'application/x-thing', 'ä thing');
    const answer = await get(`/media/download/${id}`);
    const [metadata, file] = partsOf(answer);
    expect([answer.status, metadata]).toEqual([
      200,
      { head: 'Content-Type: application/json', bytes: Buffer.from('{}') },
    ]);
    expect(file?.bytes.equals(content)).toBe(true);
    expect(file?.head).toContain('Content-Type: application/x-thing');
    expect(file?.head).toContain(
      'Content-Disposition: attachment; filename="_ thing"; filename*=utf-8\'\'%C3%A4%20thing',
    );
  });

  test('comes smaller as a thumbnail', async () => {
    const id = await upload(png, 'image/png', 'dot.png');
    const answer = await get(`/media/thumbnail/${id}?width=32&height=32&method=scale`);
    const [, file] = partsOf(answer);
    expect(answer.status).toBe(200);
    expect(file?.head).toMatch(/^Content-Type: image\/(png|webp|jpeg)\r\nContent-Disposition: inline; filename="thumb/);
    expect(file?.bytes.length).toBeGreaterThan(20);
    expect((await get(`/media/thumbnail/${id}?width=-1&height=32`)).status).toBe(400);
  });

  test('that is not here is not found, or not yet', async () => {
    expect((await get('/media/download/AAAAAAAA')).body).toMatchObject({ errcode: 'M_NOT_FOUND' });
    const created = await alice.ok(alice.post('/_matrix/media/v1/create'));
    const id = String(created.content_uri).split('/').at(-1) ?? '';
    expect(await get(`/media/download/${id}?timeout_ms=0`)).toMatchObject({
      status: 504,
      body: { errcode: 'M_NOT_YET_UPLOADED' },
    });
  });
});
