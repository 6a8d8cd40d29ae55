// Aliases, the published room directory and reports, over a real server.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AnyJson, createClient, register, type TestClient } from '../harness/client.ts';
import { inRoom, join, newRoom, putState, refusal, roomPath, stateOf } from '../harness/room-client.ts';
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

const aliasPath = (alias: string) => `/_matrix/client/v3/directory/room/${encodeURIComponent(alias)}`;
const listPath = (roomId: string) => `/_matrix/client/v3/directory/list/room/${encodeURIComponent(roomId)}`;
const putAlias = (client: TestClient, alias: string, roomId: string) =>
  client.put(aliasPath(alias), { room_id: roomId });
const deleteAlias = (client: TestClient, alias: string) => client.delete(aliasPath(alias));
const search = async (filter: object, more: object = {}): Promise<AnyJson> =>
  bob.ok(bob.post('/_matrix/client/v3/publicRooms', { filter, ...more }));
const ids = (page: AnyJson): string[] => page.chunk.map(({ room_id }: AnyJson) => room_id);

describe('an alias', () => {
  test('leads to its room, in any script, for anybody', async () => {
    const roomId = await newRoom(alice);
    const alias = '#老虎Â£я🤨👉ඞ:kintsugi.test';
    await alice.ok(putAlias(alice, alias, roomId));
    const found = await createClient(server.baseUrl).get(aliasPath(alias));
    expect(found.body).toEqual({ room_id: roomId, servers: ['kintsugi.test'] });
    expect((await alice.ok(alice.get(roomPath(roomId, 'aliases')))).aliases).toEqual([alias]);
    expect(await refusal(bob.get(roomPath(roomId, 'aliases')))).toBe('403 M_FORBIDDEN');
    await alice.ok(putState(alice, roomId, 'm.room.history_visibility', { history_visibility: 'world_readable' }));
    expect((await bob.ok(bob.get(roomPath(roomId, 'aliases')))).aliases).toEqual([alias]);
  });

  test('is made by members, once, and on this server', async () => {
    const roomId = await newRoom(alice);
    await alice.ok(putAlias(alice, '#once:kintsugi.test', roomId));
    expect(await refusal(putAlias(alice, '#once:kintsugi.test', roomId))).toBe('409 M_UNKNOWN');
    expect(await refusal(putAlias(bob, '#bobs:kintsugi.test', roomId))).toBe('403 M_FORBIDDEN');
    expect(await refusal(putAlias(alice, '#x:elsewhere.org', roomId))).toBe('400 M_INVALID_PARAM');
    expect(await refusal(putAlias(alice, 'x:kintsugi.test', roomId))).toBe('400 M_INVALID_PARAM');
    expect(await refusal(putAlias(alice, '#x:kintsugi.test', '!nowhere:kintsugi.test'))).toBe('404 M_NOT_FOUND');
    expect(await refusal(alice.get(aliasPath('#nothing:kintsugi.test')))).toBe('404 M_NOT_FOUND');
    expect(await refusal(alice.get(aliasPath('#nothing:elsewhere.invalid')))).toBe('404 M_NOT_FOUND');
  });

  test('is deleted by who made it or has the power for it, and out of the canonical alias with it', async () => {
    const roomId = await newRoom(alice, { preset: 'public_chat' });
    await join(bob, roomId);
    await alice.ok(putAlias(alice, '#alices:kintsugi.test', roomId));
    await bob.ok(putAlias(bob, '#bobs:kintsugi.test', roomId));
    await bob.ok(putAlias(bob, '#both:kintsugi.test', roomId));
    const content = { alias: '#bobs:kintsugi.test', alt_aliases: ['#both:kintsugi.test', '#alices:kintsugi.test'] };
    await alice.ok(putState(alice, roomId, 'm.room.canonical_alias', content));
    expect(await refusal(deleteAlias(bob, '#alices:kintsugi.test'))).toBe('403 M_FORBIDDEN');
    await bob.ok(deleteAlias(bob, '#both:kintsugi.test'));
    // Bob has no power over the event: it stays, and his alias is gone all the same.
    expect(await stateOf(alice, roomId, 'm.room.canonical_alias')).toEqual(content);
    await alice.ok(deleteAlias(alice, '#bobs:kintsugi.test'));
    expect(await stateOf(alice, roomId, 'm.room.canonical_alias')).toEqual({ alt_aliases: content.alt_aliases });
    await alice.ok(deleteAlias(alice, '#alices:kintsugi.test'));
    expect(await refusal(deleteAlias(alice, '#alices:kintsugi.test'))).toBe('404 M_NOT_FOUND');
  });

  test('that is the only canonical one leaves an empty event behind', async () => {
    const roomId = await newRoom(alice, { room_alias_name: 'only' });
    await alice.ok(deleteAlias(alice, '#only:kintsugi.test'));
    expect(await stateOf(alice, roomId, 'm.room.canonical_alias')).toEqual({});
  });

  test('becomes canonical only when it points to the room', async () => {
    const [roomId, other] = [await newRoom(alice), await newRoom(alice)];
    await alice.ok(putAlias(alice, '#here:kintsugi.test', roomId));
    await alice.ok(putAlias(alice, '#there:kintsugi.test', other));
    const put = (content: object) => putState(alice, roomId, 'm.room.canonical_alias', content);
    expect(await refusal(put({ alias: '#there:kintsugi.test' }))).toBe('400 M_BAD_ALIAS');
    expect(await refusal(put({ alias: '#nowhere:kintsugi.test' }))).toBe('400 M_BAD_ALIAS');
    expect(await refusal(put({ alias: '%here:kintsugi.test' }))).toBe('400 M_INVALID_PARAM');
    expect(await refusal(put({ alias: 5 }))).toBe('400 M_INVALID_PARAM');
    expect(await refusal(put({ alt_aliases: '#here:kintsugi.test' }))).toBe('400 M_INVALID_PARAM');
    expect(await refusal(put({ alt_aliases: ['#here:kintsugi.test', '#there:kintsugi.test'] }))).toBe(
      '400 M_BAD_ALIAS',
    );
    await alice.ok(put({ alias: '#here:kintsugi.test', alt_aliases: ['#here:kintsugi.test'] }));
    await alice.ok(put({ alias: null, alt_aliases: ['#here:kintsugi.test'] }));
    await alice.ok(put({}));
  });

  test('that was canonical when it went may stay in the event', async () => {
    const roomId = await newRoom(alice, { preset: 'public_chat' });
    await join(bob, roomId);
    await bob.ok(putAlias(bob, '#passing:kintsugi.test', roomId));
    const content = { alt_aliases: ['#passing:kintsugi.test'] };
    await alice.ok(putState(alice, roomId, 'm.room.canonical_alias', content));
    await bob.ok(deleteAlias(bob, '#passing:kintsugi.test'));
    await alice.ok(putState(alice, roomId, 'm.room.canonical_alias', { ...content, 'org.example.key': 1 }));
  });
});

describe('the room directory', () => {
  test('shows a published room as it is', async () => {
    const roomId = await newRoom(alice, {
      visibility: 'public',
      room_alias_name: 'pub',
      name: 'The Grand Duke Pub',
      topic: 'All about happy hour',
      room_version: '10',
      creation_content: { type: 'org.example.pub' },
      initial_state: [
        { type: 'm.room.avatar', content: { url: 'mxc://kintsugi.test/abc' } },
        { type: 'm.room.join_rules', content: { join_rule: 'knock' } },
        { type: 'm.room.guest_access', content: { guest_access: 'can_join' } },
        { type: 'm.room.history_visibility', content: { history_visibility: 'world_readable' } },
      ],
    });
    const page = await createClient(server.baseUrl).get('/_matrix/client/v3/publicRooms');
    expect(page.body.chunk.find((entry: AnyJson) => entry.room_id === roomId)).toEqual({
      room_id: roomId,
      num_joined_members: 1,
      world_readable: true,
      guest_can_join: true,
      name: 'The Grand Duke Pub',
      topic: 'All about happy hour',
      canonical_alias: '#pub:kintsugi.test',
      avatar_url: 'mxc://kintsugi.test/abc',
      join_rule: 'knock',
      room_type: 'org.example.pub',
    });
    expect((await alice.ok(alice.get(listPath(roomId)))).visibility).toBe('public');
  });

  test('is searched by words and by type, and changes with its rooms', async () => {
    const wombles = await newRoom(alice, { visibility: 'public', name: 'Test', topic: 'Test Topic Wombles' });
    const creation_content = { type: 'm.space' };
    const space = await newRoom(alice, { visibility: 'public', name: 'wombles', creation_content });
    expect(ids(await search({ generic_search_term: 'WOMBLES' }))).toEqual([wombles, space]);
    expect(ids(await search({ generic_search_term: 'wombles', room_types: ['m.space'] }))).toEqual([space]);
    expect(ids(await search({ generic_search_term: 'wombles', room_types: [null] }))).toEqual([wombles]);
    expect(ids(await search({ generic_search_term: 'no such thing' }))).toEqual([]);
    await alice.ok(putState(alice, wombles, 'm.room.topic', { topic: 'quiet' }));
    expect(ids(await search({ generic_search_term: 'wombles' }))).toEqual([space]);
    await alice.ok(alice.put(listPath(space), { visibility: 'private' }));
    expect(ids(await search({ generic_search_term: 'wombles' }))).toEqual([]);
    expect((await alice.ok(alice.get(listPath(space)))).visibility).toBe('private');
  });

  test('comes in pages, largest rooms first, forwards and back', async () => {
    const rooms: string[] = [];
    for (let index = 0; index < 7; index++) {
      rooms.push(await newRoom(alice, { preset: 'public_chat', visibility: 'public', name: `paged ${index}` }));
    }
    await join(bob, rooms[5]!);
    const filter = { generic_search_term: 'paged' };
    const expected = [rooms[5], ...rooms.slice(0, 5), rooms[6]];
    const first = await search(filter, { limit: 3 });
    expect(first).toMatchObject({ total_room_count_estimate: 7 });
    expect(first.prev_batch).toBeUndefined();
    const second = await search(filter, { limit: 3, since: first.next_batch });
    const third = await search(filter, { limit: 3, since: second.next_batch });
    expect([...ids(first), ...ids(second), ...ids(third)]).toEqual(expected);
    expect(third.next_batch).toBeUndefined();
    const back = await search(filter, { limit: 3, since: third.prev_batch });
    expect(ids(back)).toEqual(ids(second));
    const wrong = bob.post('/_matrix/client/v3/publicRooms', { since: 'nonsense' });
    expect(await refusal(wrong)).toBe('400 M_INVALID_PARAM');
  });

  test('is written by who may; that of a server which is not there cannot be had', async () => {
    const roomId = await newRoom(alice, { preset: 'public_chat' });
    await join(bob, roomId);
    expect(await refusal(bob.put(listPath(roomId), { visibility: 'public' }))).toBe('403 M_FORBIDDEN');
    expect(await refusal(alice.put(listPath(roomId), { visibility: 'shown' }))).toBe('400 M_BAD_JSON');
    expect(await refusal(alice.get(listPath('!nowhere:kintsugi.test')))).toBe('404 M_NOT_FOUND');
    await alice.ok(alice.put(listPath(roomId), {}));
    expect((await alice.ok(alice.get(listPath(roomId)))).visibility).toBe('public');
    const elsewhere = alice.get('/_matrix/client/v3/publicRooms', { query: { server: 'elsewhere.invalid' } });
    expect(await refusal(elsewhere)).toBe('502 M_UNKNOWN');
    const own = await alice.ok(
      alice.get('/_matrix/client/v3/publicRooms', { query: { server: 'kintsugi.test', limit: 1 } }),
    );
    expect(own.chunk).toHaveLength(1);
  });
});

test('rooms, events and users are reported by whom the specification lets', async () => {
  const roomId = await newRoom(alice, { preset: 'public_chat' });
  const eventId = await alice.say(roomId, 'bad words');
  const reportUser = (userId: string) =>
    bob.post(`/_matrix/client/v3/users/${encodeURIComponent(userId)}/report`, { reason: 'bad' });
  const reportEvent = () => bob.post(roomPath(roomId, 'report', eventId), { reason: 'bad', score: -100 });
  await bob.ok(inRoom(bob, roomId, 'report', { reason: '' }));
  expect(await refusal(inRoom(bob, roomId, 'report', {}))).toBe('400 M_MISSING_PARAM');
  expect(await refusal(inRoom(bob, '!nowhere:kintsugi.test', 'report', { reason: '' }))).toBe('404 M_NOT_FOUND');
  expect(await refusal(reportEvent())).toBe('404 M_NOT_FOUND');
  await join(bob, roomId);
  await bob.ok(reportEvent());
  expect(await refusal(bob.post(roomPath(roomId, 'report', '$nothing'), {}))).toBe('404 M_NOT_FOUND');
  await bob.ok(reportUser(alice.userId));
  expect(await refusal(reportUser('@nobody:kintsugi.test'))).toBe('404 M_NOT_FOUND');
});
