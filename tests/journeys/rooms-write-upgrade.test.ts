// Rooms that are replaced by others of a newer version, over a real server.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { register, type TestClient } from '../harness/client.ts';
import { inRoom, join, newRoom, putState, refusal, stateOf, wholeState } from '../harness/room-client.ts';
import { startServer, type TestServer } from '../harness/server.ts';

let server: TestServer;
let alice: TestClient;
let bob: TestClient;
let carol: TestClient;

beforeAll(async () => {
  server = await startServer();
  alice = await register(server.baseUrl, 'alice');
  bob = await register(server.baseUrl, 'bob');
  carol = await register(server.baseUrl, 'carol');
});
afterAll(() => server[Symbol.asyncDispose]());

const upgrade = async (client: TestClient, roomId: string, version: string, more: object = {}): Promise<string> =>
  (await client.ok(inRoom(client, roomId, 'upgrade', { new_version: version, ...more }))).replacement_room;

const dataPath = (client: TestClient, ...rest: string[]) =>
  `/_matrix/client/v3/user/${[client.userId, ...rest].map(encodeURIComponent).join('/')}`;

describe('a replaced room', () => {
  test.each([
    ['1', '11'],
    ['9', '12'],
    ['11', '12'],
    ['12', '12'],
    ['12', '11'],
  ])('of version %s hands its state, aliases and place over to one of version %s', async (from, to) => {
    const localpart = `moving${from}to${to}`;
    const alias = `#${localpart}:kintsugi.test`;
    const handed = {
      'm.room.name': { name: 'Moving' },
      'm.room.topic': { topic: 'soon' },
      'm.room.avatar': { url: 'mxc://kintsugi.test/a' },
      'm.room.encryption': { algorithm: 'm.megolm.v1.aes-sha2' },
      'm.room.server_acl': { allow: ['*'], deny: ['bad.example'] },
      'm.room.history_visibility': { history_visibility: 'joined' },
      'm.room.guest_access': { guest_access: 'can_join' },
      'm.room.join_rules': { join_rule: 'public' },
    };
    const old = await newRoom(alice, {
      room_version: from,
      preset: 'public_chat',
      visibility: 'public',
      room_alias_name: localpart,
      creation_content: { type: 'org.example.type' },
      initial_state: [
        ...Object.entries(handed).map(([type, content]) => ({ type, content })),
        { type: 'org.example.own', content: { stays: true } },
      ],
    });
    await alice.ok(inRoom(alice, old, 'ban', { user_id: '@spam:bad.example', reason: 'spam' }));
    await join(bob, old);
    const roomId = await upgrade(alice, old, to);

    const state = await wholeState(alice, roomId);
    for (const [type, content] of Object.entries(handed)) expect(state.get(`${type}|`).content).toEqual(content);
    expect(state.get('m.room.member|@spam:bad.example').content).toEqual({ membership: 'ban', reason: 'spam' });
    expect([...state.keys()]).not.toContain('org.example.own|');
    expect([...state.keys()]).not.toContain(`m.room.member|${bob.userId}`);
    expect(state.get('m.room.canonical_alias|').content).toEqual({ alias });
    const create = state.get('m.room.create|').content;
    expect(create).toMatchObject({ room_version: to, type: 'org.example.type', predecessor: { room_id: old } });
    if (to === '12') expect(create.predecessor).toEqual({ room_id: old });
    else expect(create.predecessor.event_id).toMatch(/^\$/);

    expect(await stateOf(alice, old, 'm.room.tombstone')).toMatchObject({ replacement_room: roomId });
    expect(await stateOf(alice, old, 'm.room.canonical_alias')).toEqual({});
    expect(await stateOf(alice, old, 'm.room.power_levels')).toMatchObject({ events_default: 50, invite: 50 });
    expect(
      await refusal(bob.put(`/_matrix/client/v3/rooms/${encodeURIComponent(old)}/send/m.room.message/late`, {})),
    ).toBe('403 M_FORBIDDEN');
    const found = await alice.ok(alice.get(`/_matrix/client/v3/directory/room/${encodeURIComponent(alias)}`));
    expect(found.room_id).toBe(roomId);
    const visibility = async (id: string) =>
      (await alice.ok(alice.get(`/_matrix/client/v3/directory/list/room/${encodeURIComponent(id)}`))).visibility;
    expect([await visibility(old), await visibility(roomId)]).toEqual(['private', 'public']);
    await join(bob, roomId);
    await bob.say(roomId, 'here again');
    await alice.ok(putState(alice, roomId, 'm.room.name', { name: 'Moved' }));
  });

  test.each([
    // [old version, who upgrades, levels of the old room, additional creators, levels in the new one of version 12]
    ['11', 'bob', { bob: 100 }, [], {}],
    ['11', 'bob', { bob: 100, carol: 100 }, [], { carol: 100 }],
    ['12', 'bob', { bob: 150 }, ['carol'], {}],
    ['12', 'bob', { bob: 150, carol: 50 }, ['carol'], {}],
    ['11', 'alice', { alice: 100, bob: 100, carol: 50 }, ['bob'], { carol: 50 }],
  ])(
    'of version %s upgraded by %s with levels %o and creators %o',
    async (version, upgrader, levels, creators, expected) => {
      const people: Record<string, TestClient> = { alice, bob, carol };
      const named = (names: object) =>
        Object.fromEntries(Object.entries(names).map(([name, level]) => [people[name]!.userId, level]));
      const old = await newRoom(alice, { room_version: version, preset: 'public_chat' });
      await join(bob, old);
      await join(carol, old);
      await alice.ok(putState(alice, old, 'm.room.power_levels', { users: named(levels) }));
      const additional = creators.map((name) => people[name]!.userId);
      const client = people[upgrader]!;
      const roomId = await upgrade(client, old, '12', additional.length > 0 ? { additional_creators: additional } : {});
      const create = await stateOf(client, roomId, 'm.room.create');
      expect(create.additional_creators ?? []).toEqual(additional);
      expect((await stateOf(client, roomId, 'm.room.power_levels')).users).toEqual(named(expected));
    },
  );

  test('gives who upgrades it no more power than they had', async () => {
    const old = await newRoom(alice, { room_version: '10', preset: 'public_chat' });
    await join(bob, old);
    const levels = {
      users: { [alice.userId]: 100, [bob.userId]: 60 },
      events: { 'm.room.tombstone': 60, 'm.room.server_acl': 100 },
    };
    await alice.ok(putState(alice, old, 'm.room.server_acl', { allow: ['*'] }));
    await alice.ok(putState(alice, old, 'm.room.power_levels', levels));
    const roomId = await upgrade(bob, old, '11');
    expect((await stateOf(bob, roomId, 'm.room.power_levels')).users).toEqual(levels.users);
    expect(await stateOf(bob, roomId, 'm.room.server_acl')).toEqual({ allow: ['*'] });
  });

  test('with a join rule the new version does not know is open to the invited', async () => {
    const initial_state = [{ type: 'm.room.join_rules', content: { join_rule: 'knock_restricted', allow: [] } }];
    const old = await newRoom(alice, { room_version: '10', initial_state });
    const roomId = await upgrade(alice, old, '9');
    expect(await stateOf(alice, roomId, 'm.room.join_rules')).toEqual({ join_rule: 'invite' });
  });

  test('that is a space keeps its children', async () => {
    const initial_state = [
      { type: 'm.space.child', state_key: '!child:kintsugi.test', content: { via: ['kintsugi.test'] } },
    ];
    const old = await newRoom(alice, { creation_content: { type: 'm.space' }, initial_state });
    const roomId = await upgrade(alice, old, '12');
    expect(await stateOf(alice, roomId, 'm.space.child', '!child:kintsugi.test')).toEqual({ via: ['kintsugi.test'] });
  });

  test.each([false, true])('passes on what its members had set for it, replaced by hand: %s', async (byHand) => {
    const old = await newRoom(alice, { room_version: '10', preset: 'public_chat' });
    await join(bob, old);
    for (const client of [alice, bob]) {
      await client.ok(client.put(dataPath(client, 'rooms', old, 'tags', 'u.work'), { order: 0.5 }));
      await client.ok(client.put(dataPath(client, 'account_data', 'm.direct'), { '@x:y': [old] }));
    }
    let roomId: string;
    if (byHand) {
      const creation_content = { predecessor: { room_id: old } };
      roomId = await newRoom(alice, { preset: 'public_chat', creation_content });
      await alice.ok(putState(alice, old, 'm.room.tombstone', { body: 'gone', replacement_room: roomId }));
    } else roomId = await upgrade(alice, old, '11');
    await join(bob, roomId);
    for (const client of [alice, bob]) {
      const { tags } = await client.ok(client.get(dataPath(client, 'rooms', roomId, 'tags')));
      expect(tags).toEqual({ 'u.work': { order: 0.5 } });
      const direct = await client.ok(client.get(dataPath(client, 'account_data', 'm.direct')));
      expect(direct).toEqual({ '@x:y': [old, roomId] });
    }
  });
});

test('no room is replaced without the power for it, nor by a version that does not exist', async () => {
  const roomId = await newRoom(alice, { preset: 'public_chat', room_version: '11' });
  await join(bob, roomId);
  const ask = (client: TestClient, body: object) => refusal(inRoom(client, roomId, 'upgrade', body));
  expect(await ask(bob, { new_version: '12' })).toBe('403 M_FORBIDDEN');
  expect(await ask(carol, { new_version: '12' })).toBe('403 M_FORBIDDEN');
  expect(await ask(alice, { new_version: 'nine' })).toBe('400 M_UNSUPPORTED_ROOM_VERSION');
  expect(await ask(alice, {})).toBe('400 M_MISSING_PARAM');
  expect(await ask(alice, { new_version: '12', additional_creators: ['bob'] })).toBe('400 M_BAD_JSON');
  expect(await refusal(inRoom(alice, '!nowhere:kintsugi.test', 'upgrade', { new_version: '12' }))).toBe(
    '404 M_NOT_FOUND',
  );
  expect(await stateOf(alice, roomId, 'm.room.tombstone')).toBeUndefined();
});
