// Creating rooms over a real server: presets, versions, order of events, all or nothing.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { register, type TestClient } from '../harness/client.ts';
import { historyOf, join, newRoom, refusal, roomPath, stateOf, wholeState } from '../harness/room-client.ts';
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

const create = (client: TestClient, body: object) => client.post('/_matrix/client/v3/createRoom', body);

describe('a new room', () => {
  test('has its events in the specified order', async () => {
    const roomId = await newRoom(alice, {
      visibility: 'public',
      room_alias_name: 'order',
      name: 'Name',
      topic: 'Topic',
      invite: [bob.userId],
      is_direct: true,
      initial_state: [
        { type: 'm.room.encryption', content: { algorithm: 'm.megolm.v1.aes-sha2' } },
        { type: 'org.example.thing', state_key: 'key', content: { a: 1 } },
        { type: 'm.room.history_visibility', state_key: '', content: { history_visibility: 'joined' } },
        { type: 'm.room.topic', content: { topic: 'overridden' } },
      ],
    });
    const events = await historyOf(alice, roomId);
    expect(events.map(({ type, state_key }) => `${type}|${state_key}`)).toEqual([
      'm.room.create|',
      `m.room.member|${alice.userId}`,
      'm.room.power_levels|',
      'm.room.canonical_alias|',
      'm.room.join_rules|',
      'm.room.encryption|',
      'org.example.thing|key',
      'm.room.history_visibility|',
      'm.room.name|',
      'm.room.topic|',
      `m.room.member|${bob.userId}`,
    ]);
    const contents = Object.fromEntries(events.map(({ type, content }) => [type, content]));
    expect(contents).toMatchObject({
      'm.room.canonical_alias': { alias: '#order:kintsugi.test' },
      'm.room.join_rules': { join_rule: 'public' },
      'm.room.history_visibility': { history_visibility: 'joined' },
      'm.room.topic': { topic: 'Topic', 'm.topic': { 'm.text': [{ body: 'Topic' }] } },
      'm.room.member': { membership: 'invite', is_direct: true },
    });
  });

  test.each([
    ['private_chat', 'invite', 'can_join', 0],
    ['trusted_private_chat', 'invite', 'can_join', 0],
    ['public_chat', 'public', 'forbidden', 50],
  ])('follows the preset %s', async (preset, joinRule, guestAccess, invite) => {
    const roomId = await newRoom(alice, { preset, room_version: '11', invite: [bob.userId] });
    const state = await wholeState(alice, roomId);
    expect(state.get('m.room.join_rules|').content).toEqual({ join_rule: joinRule });
    const { guest_access: admits = 'forbidden' } = state.get('m.room.guest_access|')?.content ?? {};
    expect(admits).toBe(guestAccess);
    expect(state.get('m.room.history_visibility|').content).toEqual({ history_visibility: 'shared' });
    const levels = state.get('m.room.power_levels|').content;
    expect(levels.invite).toBe(invite);
    const trusted = preset === 'trusted_private_chat' ? { [bob.userId]: 100 } : {};
    expect(levels.users).toEqual({ [alice.userId]: 100, ...trusted });
  });

  test.each(['1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12'])(
    'can be of version %s',
    async (version) => {
      const creation = { room_version: 'test', creator: '@x:y', 'org.example.key': true };
      const roomId = await newRoom(alice, { room_version: version, preset: 'public_chat', creation_content: creation });
      const content = await stateOf(alice, roomId, 'm.room.create');
      expect(content).toEqual({
        room_version: version,
        'org.example.key': true,
        ...(Number(version) < 11 && { creator: alice.userId }),
      });
      await join(bob, roomId);
      const eventId = await bob.say(roomId, 'hello');
      expect((await alice.ok(alice.get(roomPath(roomId, 'event', eventId)))).content.body).toBe('hello');
    },
  );

  test('without a version has the default one, whose creators stand in no list', async () => {
    const roomId = await newRoom(alice);
    const [create, levels] = [
      await stateOf(alice, roomId, 'm.room.create'),
      await stateOf(alice, roomId, 'm.room.power_levels'),
    ];
    expect(create.room_version).toBe('12');
    expect(levels.users).toEqual({});
    expect(levels.events['m.room.tombstone']).toBe(150);
    expect(roomId).not.toContain(':');
  });

  test('of version 12 makes trusted invitees creators, besides those who were named', async () => {
    const body = { preset: 'trusted_private_chat', invite: [bob.userId] };
    const roomId = await newRoom(alice, {
      ...body,
      creation_content: { additional_creators: ['@carol:elsewhere.org', bob.userId] },
    });
    const { additional_creators: creators } = await stateOf(alice, roomId, 'm.room.create');
    expect(creators).toEqual(['@carol:elsewhere.org', bob.userId]);
  });

  test('is a room of its own, however many are made alike at once', async () => {
    const made = await Promise.all(Array.from({ length: 40 }, () => newRoom(alice, { room_version: '12' })));
    expect(new Set(made).size).toBe(40);
  });

  test('takes power levels from its creator, key by key', async () => {
    const override = { users: { [alice.userId]: 100, [bob.userId]: 50 }, events_default: 10 };
    const roomId = await newRoom(alice, { room_version: '11', power_level_content_override: override });
    const levels = await stateOf(alice, roomId, 'm.room.power_levels');
    expect(levels).toMatchObject({ ...override, state_default: 50, ban: 50 });
  });
});

describe('no room is made', () => {
  test.each([
    ['an unknown version', { room_version: 'eleven' }, '400 M_UNSUPPORTED_ROOM_VERSION'],
    ['a version that is a number', { room_version: 1 }, '400 M_BAD_JSON'],
    ['an unknown preset', { preset: 'open' }, '400 M_BAD_JSON'],
    ['an invitee who is no user ID', { invite: ['bob'] }, '400 M_INVALID_PARAM'],
    ['an invitee who does not exist', { invite: ['@nobody:kintsugi.test'] }, '404 M_NOT_FOUND'],
    ['an e-mail invite', { invite_3pid: [{ medium: 'email', address: 'a@b.c' }] }, '403 M_THREEPID_DENIED'],
    ['an alias with a colon', { room_alias_name: 'a:b' }, '400 M_INVALID_PARAM'],
    [
      'a creator who may not name it',
      { power_level_content_override: { users: {} }, name: 'n', room_version: '11' },
      '400 M_INVALID_ROOM_STATE',
    ],
    ['levels that are none', { power_level_content_override: { ban: 'x' } }, '400 M_INVALID_ROOM_STATE'],
    ['creators that are no list', { creation_content: { additional_creators: 'x' } }, '400 M_BAD_JSON'],
    ['creators that are no users', { creation_content: { additional_creators: ['@a:dom$ain.org'] } }, '400 M_BAD_JSON'],
    [
      'a member in initial_state',
      {
        initial_state: [{ type: 'm.room.member', state_key: '@bob:kintsugi.test', content: { membership: 'invite' } }],
      },
      '400 M_INVALID_ROOM_STATE',
    ],
    [
      'a foreign canonical alias',
      { initial_state: [{ type: 'm.room.canonical_alias', content: { alias: '#x:kintsugi.test' } }] },
      '400 M_BAD_ALIAS',
    ],
    ['an event that is too large', { topic: 'x'.repeat(40_000) }, '413 M_TOO_LARGE'],
  ])('for %s', async (_why, body, expected) => {
    const before = (await alice.ok(alice.get('/_matrix/client/v3/joined_rooms'))).joined_rooms;
    expect(await refusal(create(alice, body))).toBe(expected);
    expect((await alice.ok(alice.get('/_matrix/client/v3/joined_rooms'))).joined_rooms).toEqual(before);
  });

  test('of version 12 with a creator in the list of users', async () => {
    const body = { power_level_content_override: { users: { [alice.userId]: 100 } } };
    expect(await refusal(create(alice, body))).toBe('400 M_INVALID_ROOM_STATE');
  });

  test('when the alias is taken, and of many who want it at once one gets it', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => create(alice, { room_alias_name: 'wanted', name: 'wanted' })),
    );
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 400, 400, 400, 400, 400, 400, 400]);
    const lost = answers.find(({ status }) => status === 400);
    expect(lost?.body.errcode).toBe('M_ROOM_IN_USE');
    const { joined_rooms: rooms } = await alice.ok(alice.get('/_matrix/client/v3/joined_rooms'));
    const names = await Promise.all(rooms.map((roomId: string) => stateOf(alice, roomId, 'm.room.name')));
    expect(names.filter((content) => content?.name === 'wanted')).toHaveLength(1);
  });

  test('when an invitee accepts no invites', async () => {
    const shy = await register(server.baseUrl, 'shy');
    const path = `/_matrix/client/v3/user/${encodeURIComponent(shy.userId)}/account_data/m.invite_permission_config`;
    await shy.ok(shy.put(path, { default_action: 'block' }));
    expect(await refusal(create(alice, { invite: [shy.userId] }))).toBe('403 M_INVITE_BLOCKED');
  });
});
