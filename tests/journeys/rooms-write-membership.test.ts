// Coming into rooms and going, over a real server: invites, joins, knocks, kicks, bans, guests, what is refused.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient, register, type TestClient } from '../harness/client.ts';
import { historyOf, inRoom, join, newRoom, putState, refusal, roomPath, stateOf } from '../harness/room-client.ts';
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

const memberOf = (roomId: string, of: TestClient) => stateOf(alice, roomId, 'm.room.member', of.userId);
const to = (client: TestClient, reason?: string) => ({ user_id: client.userId, ...(reason && { reason }) });
const knock = (client: TestClient, roomId: string, body: object = {}) =>
  client.post(`/_matrix/client/v3/knock/${encodeURIComponent(roomId)}`, body);

describe('an invite', () => {
  test('lets its user in, with their profile', async () => {
    const roomId = await newRoom(alice);
    const { userId } = bob;
    await bob.ok(
      bob.put(`/_matrix/client/v3/profile/${encodeURIComponent(userId)}/displayname`, { displayname: 'Bob' }),
    );
    expect(await refusal(inRoom(bob, roomId, 'join'))).toBe('403 M_FORBIDDEN');
    await alice.ok(inRoom(alice, roomId, 'invite', to(bob, 'come in')));
    const invited = { membership: 'invite', reason: 'come in', displayname: 'Bob' };
    expect(await memberOf(roomId, bob)).toEqual(invited);
    expect(await inRoom(bob, roomId, 'join')).toMatchObject({ status: 200, body: { room_id: roomId } });
    expect(await memberOf(roomId, bob)).toEqual({ membership: 'join', displayname: 'Bob' });
  });

  test('can be declined, also when nobody is left in the room', async () => {
    const roomId = await newRoom(alice);
    await alice.ok(inRoom(alice, roomId, 'invite', to(bob)));
    await alice.ok(inRoom(alice, roomId, 'leave'));
    await bob.ok(inRoom(bob, roomId, 'leave', { reason: 'no, thank you' }));
    await bob.ok(inRoom(bob, roomId, 'leave'));
    await bob.ok(inRoom(bob, roomId, 'forget'));
  });

  test('is refused with the reason', async () => {
    const roomId = await newRoom(alice, { preset: 'public_chat' });
    await join(bob, roomId);
    const invite = (client: TestClient, body: object) => refusal(inRoom(client, roomId, 'invite', body));
    expect(await invite(alice, to(alice))).toBe('403 M_FORBIDDEN');
    expect(await invite(alice, to(bob))).toBe('403 M_FORBIDDEN');
    expect(await invite(bob, to(carol))).toBe('403 M_FORBIDDEN');
    expect(await invite(carol, to(carol))).toBe('403 M_FORBIDDEN');
    expect(await invite(alice, {})).toBe('400 M_MISSING_PARAM');
    expect(await invite(alice, { user_id: 'bob' })).toBe('400 M_INVALID_PARAM');
    expect(await invite(alice, { user_id: '@nobody:kintsugi.test' })).toBe('404 M_NOT_FOUND');
    expect(await invite(alice, { medium: 'email', address: 'a@b.c' })).toBe('403 M_THREEPID_DENIED');
    const { status, body } = await inRoom(alice, roomId, 'invite', { user_id: '@bob:elsewhere.invalid' });
    expect([status, body.errcode]).toEqual([502, 'M_UNKNOWN']);
    expect(body.error).toContain('elsewhere.invalid');
    const gone = await register(server.baseUrl, 'gone');
    const auth = { type: 'm.login.password', identifier: { type: 'm.id.user', user: 'gone' }, password: 'gone-pass' };
    const path = '/_matrix/client/v3/account/deactivate';
    const { session } = (await gone.post(path, {})).body;
    await gone.ok(gone.post(path, { auth: { ...auth, session } }));
    expect(await invite(alice, to(gone))).toBe('403 M_FORBIDDEN');
  });

  test('is blocked by who wants none, on every way', async () => {
    const shy = await register(server.baseUrl, 'shy');
    const roomId = await newRoom(alice);
    const path = `/_matrix/client/v3/user/${encodeURIComponent(shy.userId)}/account_data/m.invite_permission_config`;
    await shy.ok(shy.put(path, { default_action: 'block' }));
    expect(await refusal(inRoom(alice, roomId, 'invite', to(shy)))).toBe('403 M_INVITE_BLOCKED');
    const state = putState(alice, roomId, 'm.room.member', { membership: 'invite' }, shy.userId);
    expect(await refusal(state)).toBe('403 M_INVITE_BLOCKED');
    await shy.ok(shy.put(path, {}));
    await alice.ok(inRoom(alice, roomId, 'invite', to(shy)));
  });
});

describe('joining', () => {
  test('works by id and by alias, with content of the client, and twice without a second event', async () => {
    const roomId = await newRoom(alice, { preset: 'public_chat', room_alias_name: 'lobby' });
    const path = `/_matrix/client/v3/join/${encodeURIComponent('#lobby:kintsugi.test')}`;
    const forged = { membership: 'ban', join_authorised_via_users_server: alice.userId, third_party_signed: null };
    await bob.ok(bob.post(path, { reason: 'hi', 'org.example.key': 1, ...forged }));
    const { displayname: _, ...content } = await memberOf(roomId, bob);
    expect(content).toEqual({ membership: 'join', reason: 'hi', 'org.example.key': 1 });
    const before = await historyOf(alice, roomId);
    await Promise.all([join(bob, roomId), join(bob, roomId)]);
    expect(await historyOf(alice, roomId)).toHaveLength(before.length);
    await Promise.all(Array.from({ length: 8 }, () => join(carol, roomId)));
    expect(await historyOf(alice, roomId)).toHaveLength(before.length + 1);
  });

  test('what is not known here is not found', async () => {
    const joinIt = (name: string) => refusal(bob.post(`/_matrix/client/v3/join/${encodeURIComponent(name)}`));
    expect(await joinIt('#nothing:kintsugi.test')).toBe('404 M_NOT_FOUND');
    // Their server may know them, but cannot be asked.
    expect(await joinIt('#nothing:elsewhere.invalid')).toMatch(/^(404 M_NOT_FOUND|502 M_UNKNOWN)$/);
    expect(await joinIt('!nothing:elsewhere.invalid')).toBe('502 M_UNKNOWN');
    expect(await joinIt('nothing')).toBe('400 M_INVALID_PARAM');
  });

  test('by state renews a member event, and follows the rules of joining', async () => {
    const roomId = await newRoom(alice);
    const put = (client: TestClient, content: object) =>
      putState(client, roomId, 'm.room.member', content, client.userId);
    expect(await refusal(put(bob, { membership: 'join' }))).toBe('403 M_FORBIDDEN');
    await alice.ok(put(alice, { membership: 'join', displayname: 'Al', join_authorised_via_users_server: '@x:y' }));
    expect(await memberOf(roomId, alice)).toEqual({ membership: 'join', displayname: 'Al' });
    expect(await refusal(put(alice, {}))).toBe('400 M_BAD_JSON');
    expect(await refusal(put(alice, { membership: 'dance' }))).toBe('403 M_FORBIDDEN');
    expect(await refusal(putState(alice, roomId, 'm.room.member', { membership: 'join' }, bob.userId))).toBe(
      '403 M_FORBIDDEN',
    );
    expect(await refusal(putState(alice, roomId, 'm.room.member', { membership: 'join' }, 'bob'))).toBe(
      '400 M_INVALID_PARAM',
    );
  });
});

describe('a member with power', () => {
  test('kicks who is there, and nobody else', async () => {
    const roomId = await newRoom(alice, { preset: 'public_chat' });
    const kick = (client: TestClient, target: TestClient) => inRoom(client, roomId, 'kick', to(target, 'out'));
    expect(await refusal(kick(alice, bob))).toBe('403 M_FORBIDDEN');
    await join(bob, roomId);
    await join(carol, roomId);
    expect(await refusal(kick(carol, bob))).toBe('403 M_FORBIDDEN');
    await alice.ok(kick(alice, bob));
    expect(await memberOf(roomId, bob)).toEqual({ membership: 'leave', reason: 'out' });
    expect(await refusal(kick(alice, bob))).toBe('403 M_FORBIDDEN');
    await join(bob, roomId);
  });

  test('bans and unbans', async () => {
    const roomId = await newRoom(alice, { preset: 'public_chat' });
    await join(bob, roomId);
    await alice.ok(inRoom(alice, roomId, 'ban', to(bob, 'rude')));
    expect(await memberOf(roomId, bob)).toEqual({ membership: 'ban', reason: 'rude' });
    expect(await refusal(inRoom(bob, roomId, 'join'))).toBe('403 M_FORBIDDEN');
    expect(await refusal(inRoom(bob, roomId, 'leave'))).toBe('403 M_FORBIDDEN');
    expect(await refusal(inRoom(alice, roomId, 'invite', to(bob)))).toBe('403 M_FORBIDDEN');
    expect(await refusal(inRoom(alice, roomId, 'kick', to(bob)))).toBe('403 M_FORBIDDEN');
    await alice.ok(inRoom(alice, roomId, 'unban', to(bob)));
    expect(await refusal(inRoom(alice, roomId, 'unban', to(bob)))).toBe('403 M_BAD_STATE');
    await join(bob, roomId);
    expect(await refusal(inRoom(bob, roomId, 'ban', to(alice)))).toBe('403 M_FORBIDDEN');
    // Who is not in the room cannot ban, whatever their level.
    await alice.ok(putState(alice, roomId, 'm.room.power_levels', { users: { [carol.userId]: 100 } }));
    expect(await refusal(inRoom(carol, roomId, 'ban', to(bob)))).toBe('403 M_FORBIDDEN');
  });
});

test.each([
  ['7', 'knock'],
  ['10', 'knock_restricted'],
])('in version %s with join rule %s users knock, and are let in or not', async (version, rule) => {
  const roomId = await newRoom(alice, { room_version: version });
  expect(await refusal(knock(bob, roomId))).toBe('403 M_FORBIDDEN');
  await alice.ok(putState(alice, roomId, 'm.room.join_rules', { join_rule: rule }));
  expect(await refusal(inRoom(bob, roomId, 'join'))).toBe('403 M_FORBIDDEN');
  expect((await knock(bob, roomId, { reason: 'please' })).body).toEqual({ room_id: roomId });
  expect(await memberOf(roomId, bob)).toMatchObject({ membership: 'knock', reason: 'please' });
  await bob.ok(knock(bob, roomId, { reason: 'pretty please' }));
  await bob.ok(inRoom(bob, roomId, 'leave'));
  await bob.ok(knock(bob, roomId));
  await alice.ok(inRoom(alice, roomId, 'kick', to(bob)));
  await bob.ok(knock(bob, roomId));
  await alice.ok(inRoom(alice, roomId, 'invite', to(bob)));
  expect(await refusal(knock(bob, roomId))).toBe('403 M_FORBIDDEN');
  await join(bob, roomId);
  expect(await refusal(knock(bob, roomId))).toBe('403 M_FORBIDDEN');
  await alice.ok(inRoom(alice, roomId, 'ban', to(bob)));
  expect(await refusal(knock(bob, roomId))).toBe('403 M_FORBIDDEN');
});

test.each(['8', '9', '11', '12'])('in version %s a restricted room lets in who is in another room', async (version) => {
  const space = await newRoom(alice, { preset: 'public_chat' });
  const allow = [{ type: 'org.example.other' }, { type: 'm.room_membership', room_id: space }];
  const rules = (content: object) => ({ type: 'm.room.join_rules', content: { join_rule: 'restricted', ...content } });
  const roomId = await newRoom(alice, { room_version: version, initial_state: [rules({ allow })] });
  expect(await refusal(inRoom(bob, roomId, 'join'))).toBe('403 M_FORBIDDEN');
  await join(bob, space);
  await join(bob, roomId);
  expect(await memberOf(roomId, bob)).toMatchObject({ join_authorised_via_users_server: alice.userId });
  // The condition is for coming in, not for staying.
  await bob.ok(inRoom(bob, space, 'leave'));
  await bob.ok(putState(bob, roomId, 'm.room.member', { membership: 'join', displayname: 'B' }, bob.userId));
  expect(await memberOf(roomId, bob)).toEqual({ membership: 'join', displayname: 'B' });
  await bob.ok(inRoom(bob, roomId, 'leave'));
  expect(await refusal(inRoom(bob, roomId, 'join'))).toBe('403 M_FORBIDDEN');
  await alice.ok(inRoom(alice, roomId, 'invite', to(bob)));
  await join(bob, roomId);
  await bob.ok(inRoom(bob, roomId, 'leave'));
  await join(bob, space);
  for (const mangled of [['invalid'], 'invalid', [null]]) {
    await alice.ok(putState(alice, roomId, 'm.room.join_rules', { join_rule: 'restricted', allow: mangled }));
    expect(await refusal(inRoom(bob, roomId, 'join'))).toBe('403 M_FORBIDDEN');
  }
});

test('a restricted room is closed when no member here may invite', async () => {
  const space = await newRoom(alice, { preset: 'public_chat' });
  const content = { join_rule: 'restricted', allow: [{ type: 'm.room_membership', room_id: space }] };
  const roomId = await newRoom(alice, {
    room_version: '11',
    invite: [carol.userId],
    initial_state: [{ type: 'm.room.join_rules', content }],
    power_level_content_override: { invite: 50 },
  });
  await join(carol, roomId);
  await alice.ok(inRoom(alice, roomId, 'leave'));
  await join(bob, space);
  const { status, body } = await inRoom(bob, roomId, 'join');
  expect([status, body.errcode]).toEqual([403, 'M_FORBIDDEN']);
  expect(body.error).toContain('may invite');
});

test('a room is forgotten once it is left', async () => {
  const roomId = await newRoom(alice, { preset: 'public_chat' });
  expect(await refusal(inRoom(alice, roomId, 'forget'))).toBe('400 M_UNKNOWN');
  expect(await refusal(inRoom(bob, roomId, 'forget'))).toBe('404 M_NOT_FOUND');
  await join(bob, roomId);
  await bob.ok(inRoom(bob, roomId, 'leave'));
  await bob.ok(inRoom(bob, roomId, 'forget'));
  await bob.ok(inRoom(bob, roomId, 'forget'));
  expect(await refusal(bob.get(roomPath(roomId, 'messages'), { query: { dir: 'b' } }))).toBe('403 M_FORBIDDEN');
  await join(bob, roomId);
  expect(await historyOf(bob, roomId)).not.toHaveLength(0);
});

test('guests are where they are welcome, and leave when they are not any more', async () => {
  const anonymous = createClient(server.baseUrl);
  const session = await anonymous.ok(anonymous.post('/_matrix/client/v3/register?kind=guest', {}));
  const guest = createClient(server.baseUrl, {
    userId: session.user_id,
    deviceId: session.device_id,
    accessToken: session.access_token,
  });
  const roomId = await newRoom(alice, { preset: 'public_chat' });
  expect(await refusal(inRoom(guest, roomId, 'join'))).toBe('403 M_GUEST_ACCESS_FORBIDDEN');
  await alice.ok(putState(alice, roomId, 'm.room.guest_access', { guest_access: 'can_join' }));
  await join(guest, roomId);
  await join(bob, roomId);
  await guest.say(roomId, 'hello from a guest');
  await alice.ok(putState(alice, roomId, 'm.room.guest_access', { guest_access: 'forbidden' }));
  expect(await memberOf(roomId, guest)).toMatchObject({ membership: 'leave' });
  expect(await memberOf(roomId, bob)).toMatchObject({ membership: 'join' });
  expect(await refusal(guest.post('/_matrix/client/v3/createRoom', {}))).toBe('403 M_GUEST_ACCESS_FORBIDDEN');
});
