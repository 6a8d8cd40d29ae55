// Users of two and three servers come into rooms and go out of them.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AnyJson, createClient, type TestClient } from '../harness/client.ts';
import { type FederatedServer, type Federation, startFederation } from '../harness/federated.ts';
import { historyOf, inRoom, newRoom, putState, refusal, roomPath, stateOf } from '../harness/room-client.ts';
import { until } from '../harness/until.ts';

let federation: Federation;
let a: FederatedServer;
let b: FederatedServer;
let alice: TestClient;
let bob: TestClient;

beforeAll(async () => {
  federation = await startFederation();
  [a, b] = federation.servers as [FederatedServer, FederatedServer];
  [alice, bob] = await Promise.all([a.register('alice'), b.register('bob')]);
});
afterAll(() => federation[Symbol.asyncDispose]());

const joinVia = (client: TestClient, roomId: string, ...via: string[]) =>
  client.post(`/_matrix/client/v3/join/${encodeURIComponent(roomId)}?${via.map((name) => `via=${name}`).join('&')}`);

const knockVia = (client: TestClient, roomId: string, ...via: string[]) =>
  client.post(`/_matrix/client/v3/knock/${encodeURIComponent(roomId)}?${via.map((name) => `via=${name}`).join('&')}`);

const membershipIn = async (client: TestClient, roomId: string, userId: string): Promise<string | undefined> =>
  (await stateOf(client, roomId, 'm.room.member', userId))?.membership;

/** What the client sees of a message with this body. */
const sees = (client: TestClient, roomId: string, body: string): Promise<AnyJson> =>
  until(`"${body}" seen by ${client.userId}`, async () =>
    (await historyOf(client, roomId)).find((event) => event.content.body === body),
  );

const invited = (client: TestClient, roomId: string): Promise<AnyJson> =>
  until(`invite of ${client.userId}`, async () => (await client.sync()).rooms?.invite?.[roomId]);

const registerGuest = async (baseUrl: string): Promise<TestClient> => {
  const anonymous = createClient(baseUrl);
  const body = await anonymous.ok(anonymous.post('/_matrix/client/v3/register?kind=guest', {}));
  return createClient(baseUrl, { userId: body.user_id, deviceId: body.device_id, accessToken: body.access_token });
};

const VERSIONS = ['1', '2', '3', '5', '8', '11', '12'];

describe('joins', () => {
  test.each(VERSIONS)(
    'a public room of version %s is joined through another server, and both talk',
    async (version) => {
      const roomId = await newRoom(alice, { preset: 'public_chat', room_version: version, name: `Room ${version}` });
      await alice.say(roomId, 'before');
      expect(await joinVia(bob, roomId, a.name)).toMatchObject({ status: 200, body: { room_id: roomId } });
      expect(await stateOf(bob, roomId, 'm.room.name')).toEqual({ name: `Room ${version}` });
      expect(await membershipIn(alice, roomId, bob.userId)).toBe('join');
      expect(await membershipIn(bob, roomId, alice.userId)).toBe('join');
      await bob.say(roomId, 'from bob');
      await sees(alice, roomId, 'from bob');
      await alice.say(roomId, 'from alice');
      await sees(bob, roomId, 'from alice');
    },
  );
});

describe('refused joins', () => {
  test('tell what each server said', async () => {
    const roomId = await newRoom(alice, { preset: 'private_chat' });
    const answer = await joinVia(bob, roomId, a.name);
    expect(answer).toMatchObject({ status: 403, body: { errcode: 'M_FORBIDDEN' } });
    expect(answer.body.error).toContain(a.name);
    expect(await refusal(joinVia(bob, '!nowhere:127.0.0.1:1', '127.0.0.1:1'))).toBe('502 M_UNKNOWN');
    expect(await refusal(joinVia(bob, `!nowhere:${a.name}`))).toBe('404 M_NOT_FOUND');
  });

  test('through a server that is denied by the room', async () => {
    const roomId = await newRoom(alice, { preset: 'public_chat' });
    await putState(alice, roomId, 'm.room.server_acl', { allow: ['*'], deny: ['127.0.0.*'], allow_ip_literals: true });
    expect(await refusal(joinVia(bob, roomId, a.name))).toBe('403 M_FORBIDDEN');
  });

  test('of users who were banned', async () => {
    const roomId = await newRoom(alice, { preset: 'public_chat' });
    await alice.ok(inRoom(alice, roomId, 'ban', { user_id: bob.userId }));
    expect(await refusal(joinVia(bob, roomId, a.name))).toBe('403 M_FORBIDDEN');
  });
});

test('an alias of another server leads into its room, past servers that do not answer', async () => {
  const roomId = await newRoom(alice, { preset: 'public_chat', room_alias_name: 'tea' });
  const alias = `#tea:${a.name}`;
  const found = await bob.ok(bob.get(`/_matrix/client/v3/directory/room/${encodeURIComponent(alias)}`));
  expect(found).toMatchObject({ room_id: roomId, servers: [a.name] });
  expect(await joinVia(bob, alias, '127.0.0.1:1', 'nobody.invalid')).toMatchObject({ body: { room_id: roomId } });
  expect(await refusal(joinVia(bob, `#coffee:${a.name}`))).toBe('404 M_NOT_FOUND');
});

describe('invites', () => {
  test.each(['1', '6', '10', '12'])('to a room of version %s are shown and accepted', async (version) => {
    const roomId = await newRoom(alice, { preset: 'private_chat', room_version: version, name: 'Tea' });
    await alice.ok(inRoom(alice, roomId, 'invite', { user_id: bob.userId, reason: 'cake' }));
    const { invite_state: told } = await invited(bob, roomId);
    const types = told.events.map((event: AnyJson) => event.type);
    expect(types).toEqual(
      expect.arrayContaining(['m.room.create', 'm.room.name', 'm.room.join_rules', 'm.room.member']),
    );
    for (const event of told.events) {
      expect(Object.keys(event).sort()).toEqual(['content', 'sender', 'state_key', 'type']);
    }
    const own = told.events.find((event: AnyJson) => event.state_key === bob.userId);
    expect(own.content).toMatchObject({ membership: 'invite', reason: 'cake' });
    // The room is not known but for the invite.
    expect((await bob.get(roomPath(roomId, 'state'))).status).toBe(403);
    await bob.ok(inRoom(bob, roomId, 'join'));
    await until('the room with all its members', async () => (await bob.sync()).rooms?.join?.[roomId]);
    await until('the join', async () => (await membershipIn(alice, roomId, bob.userId)) === 'join');
    await bob.say(roomId, 'hello');
    await sees(alice, roomId, 'hello');
  });

  test('are declined', async () => {
    const roomId = await newRoom(alice, { preset: 'private_chat', invite: [bob.userId] });
    await invited(bob, roomId);
    const { next_batch: since } = await bob.sync();
    await bob.ok(inRoom(bob, roomId, 'leave', { reason: 'no cake' }));
    expect((await bob.sync({ since })).rooms.leave[roomId]).toBeDefined();
    expect((await bob.sync()).rooms?.invite?.[roomId]).toBeUndefined();
    await until('the refusal', async () => (await membershipIn(alice, roomId, bob.userId)) === 'leave');
    expect(await stateOf(alice, roomId, 'm.room.member', bob.userId)).toMatchObject({ reason: 'no cake' });
    await bob.ok(inRoom(bob, roomId, 'forget'));
  });

  test('are taken back, and sent again', async () => {
    const roomId = await newRoom(alice, { preset: 'private_chat', invite: [bob.userId] });
    await invited(bob, roomId);
    await alice.ok(inRoom(alice, roomId, 'kick', { user_id: bob.userId }));
    await until('the end of the invite', async () => (await bob.sync()).rooms?.invite?.[roomId] === undefined);
    expect(await refusal(inRoom(bob, roomId, 'join'))).toBe('403 M_FORBIDDEN');
    await alice.ok(inRoom(alice, roomId, 'invite', { user_id: bob.userId }));
    await invited(bob, roomId);
    await bob.ok(inRoom(bob, roomId, 'join'));
  });

  test('are refused for who does not want them, and for nobody', async () => {
    const carol = await b.register('carol');
    await carol.ok(
      carol.put(`/_matrix/client/v3/user/${carol.userId}/account_data/m.invite_permission_config`, {
        default_action: 'block',
      }),
    );
    const roomId = await newRoom(alice, { preset: 'private_chat' });
    const invite = (userId: string) => refusal(inRoom(alice, roomId, 'invite', { user_id: userId }));
    expect(await invite(carol.userId)).toBe('403 M_INVITE_BLOCKED');
    expect(await invite(`@nobody:${b.name}`)).toMatch(/^4/);
    expect(await invite('@bob:127.0.0.1:1')).toBe('502 M_UNKNOWN');
    expect(await stateOf(alice, roomId, 'm.room.member', carol.userId)).toBeUndefined();
  });

  test('are declined here alone when their server is gone', async () => {
    await using short = await startFederation([{}]);
    const [c] = short.servers;
    const carol = await c!.register('carol');
    const roomId = await newRoom(carol, { preset: 'private_chat', invite: [bob.userId] });
    await invited(bob, roomId);
    await c!.stop();
    await bob.ok(inRoom(bob, roomId, 'leave'));
    expect((await bob.sync()).rooms?.invite?.[roomId]).toBeUndefined();
  });
});

describe('knocks', () => {
  const knockable = (rule = 'knock') =>
    newRoom(alice, {
      preset: 'private_chat',
      name: 'Door',
      initial_state: [{ type: 'm.room.join_rules', state_key: '', content: { join_rule: rule } }],
    });

  test('are shown, and answered by an invite', async () => {
    const roomId = await knockable();
    await bob.ok(knockVia(bob, roomId, a.name));
    const told = (await bob.sync()).rooms.knock[roomId].knock_state.events;
    expect(told.map((event: AnyJson) => event.type)).toEqual(expect.arrayContaining(['m.room.name', 'm.room.create']));
    expect(await membershipIn(alice, roomId, bob.userId)).toBe('knock');
    await alice.ok(inRoom(alice, roomId, 'invite', { user_id: bob.userId }));
    await invited(bob, roomId);
    await bob.ok(inRoom(bob, roomId, 'join'));
    expect(await membershipIn(bob, roomId, alice.userId)).toBe('join');
  });

  test('are taken back', async () => {
    const roomId = await knockable();
    await bob.ok(knockVia(bob, roomId, a.name));
    await bob.ok(inRoom(bob, roomId, 'leave'));
    expect((await bob.sync()).rooms?.knock?.[roomId]).toBeUndefined();
    expect(await membershipIn(alice, roomId, bob.userId)).toBe('leave');
  });

  test('are declined', async () => {
    const roomId = await knockable();
    await bob.ok(knockVia(bob, roomId, a.name));
    await alice.ok(inRoom(alice, roomId, 'kick', { user_id: bob.userId }));
    await until('the end of the knock', async () => (await bob.sync()).rooms?.knock?.[roomId] === undefined);
  });

  test('are refused where the room does not allow them', async () => {
    expect(await refusal(knockVia(bob, await knockable('invite'), a.name))).toBe('403 M_FORBIDDEN');
  });
});

describe('restricted rooms', () => {
  const restrictedTo = (allowed: string, more: object = {}) =>
    newRoom(alice, {
      preset: 'public_chat',
      initial_state: [
        {
          type: 'm.room.join_rules',
          state_key: '',
          content: { join_rule: 'restricted', allow: [{ type: 'm.room_membership', room_id: allowed }] },
        },
      ],
      ...more,
    });

  test('let members of another room in', async () => {
    const space = await newRoom(alice, { preset: 'public_chat' });
    const roomId = await restrictedTo(space);
    expect(await refusal(joinVia(bob, roomId, a.name))).toBe('403 M_FORBIDDEN');
    await bob.ok(joinVia(bob, space, a.name));
    await bob.ok(joinVia(bob, roomId, a.name));
    const member = await stateOf(bob, roomId, 'm.room.member', bob.userId);
    expect(member.join_authorised_via_users_server).toBe(alice.userId);
    // One more user of the server that is in the room now, where only alice may let others in.
    const bea = await b.register('bea');
    expect(await refusal(joinVia(bea, roomId))).toBe('403 M_FORBIDDEN');
    await bea.ok(joinVia(bea, space));
    await until('bea in the space', async () => (await membershipIn(alice, space, bea.userId)) === 'join');
    await alice.ok(
      putState(alice, roomId, 'm.room.power_levels', {
        ...(await stateOf(alice, roomId, 'm.room.power_levels')),
        invite: 50,
      }),
    );
    await until('the power levels', async () => (await stateOf(bob, roomId, 'm.room.power_levels')).invite === 50);
    await bea.ok(joinVia(bea, roomId));
    expect(await membershipIn(alice, roomId, bea.userId)).toBe('join');
    expect(await membershipIn(bea, roomId, bea.userId)).toBe('join');
    await bea.say(roomId, 'from bea');
    await sees(alice, roomId, 'from bea');
  });

  test('cannot be joined through a server that does not know who meets the condition', async () => {
    const roomId = await restrictedTo('!elsewhere:example.org');
    expect(await refusal(joinVia(bob, roomId, a.name))).toBe('400 M_UNABLE_TO_AUTHORISE_JOIN');
  });
});

describe('leaving', () => {
  test('and coming back', async () => {
    const roomId = await newRoom(alice, { preset: 'public_chat' });
    await bob.ok(joinVia(bob, roomId, a.name));
    await bob.say(roomId, 'one');
    await sees(alice, roomId, 'one');
    await bob.ok(inRoom(bob, roomId, 'leave'));
    await until('the leave', async () => (await membershipIn(alice, roomId, bob.userId)) === 'leave');
    await alice.say(roomId, 'while bob was away');
    await putState(alice, roomId, 'm.room.name', { name: 'New name' });
    await bob.ok(joinVia(bob, roomId, a.name));
    expect(await stateOf(bob, roomId, 'm.room.name')).toEqual({ name: 'New name' });
    await bob.say(roomId, 'two');
    await sees(alice, roomId, 'two');
    await alice.say(roomId, 'three');
    await sees(bob, roomId, 'three');
  });

  test('by a kick, and a ban', async () => {
    const roomId = await newRoom(alice, { preset: 'public_chat' });
    await bob.ok(joinVia(bob, roomId, a.name));
    await alice.ok(inRoom(alice, roomId, 'kick', { user_id: bob.userId }));
    // /sync does not tell yet of a room that is known in part.
    await until('the kick', async () => (await membershipIn(bob, roomId, bob.userId)) === 'leave');
    await bob.ok(joinVia(bob, roomId, a.name));
    await alice.ok(inRoom(alice, roomId, 'ban', { user_id: bob.userId }));
    await until('the ban', async () => (await bob.sync()).rooms?.join?.[roomId] === undefined);
    expect(await refusal(joinVia(bob, roomId, a.name))).toBe('403 M_FORBIDDEN');
  });

  test('and an invite back', async () => {
    const roomId = await newRoom(alice, { preset: 'private_chat', invite: [bob.userId] });
    await invited(bob, roomId);
    await bob.ok(inRoom(bob, roomId, 'join'));
    await bob.ok(inRoom(bob, roomId, 'leave'));
    await until('the leave', async () => (await membershipIn(alice, roomId, bob.userId)) === 'leave');
    await putState(alice, roomId, 'm.room.name', { name: 'Come back' });
    await alice.ok(inRoom(alice, roomId, 'invite', { user_id: bob.userId }));
    const { invite_state: told } = await invited(bob, roomId);
    expect(told.events.find((event: AnyJson) => event.type === 'm.room.name').content.name).toBe('Come back');
    await bob.ok(inRoom(bob, roomId, 'join'));
    await bob.say(roomId, 'back');
    await sees(alice, roomId, 'back');
  });
});

test('rooms that do not federate invite nobody from elsewhere', async () => {
  const roomId = await newRoom(alice, { preset: 'public_chat', creation_content: { 'm.federate': false } });
  expect(await refusal(inRoom(alice, roomId, 'invite', { user_id: bob.userId }))).toBe('403 M_FORBIDDEN');
  expect(await refusal(joinVia(bob, roomId, a.name))).toBe('403 M_FORBIDDEN');
});

test('what other servers change in a room is followed up: guests leave, tags go on to the new room', async () => {
  const roomId = await newRoom(alice, { preset: 'public_chat' });
  await putState(alice, roomId, 'm.room.guest_access', { guest_access: 'can_join' });
  await bob.ok(joinVia(bob, roomId, a.name));
  const guest = await registerGuest(b.baseUrl);
  await guest.ok(inRoom(guest, roomId, 'join'));
  await bob.ok(bob.put(`/_matrix/client/v3/user/${bob.userId}/rooms/${roomId}/tags/u.work`, { order: 0.5 }));
  await alice.ok(putState(alice, roomId, 'm.room.guest_access', { guest_access: 'forbidden' }));
  await until('the guest gone', async () => (await membershipIn(bob, roomId, guest.userId)) === 'leave');
  const upgraded = await alice.ok(inRoom(alice, roomId, 'upgrade', { new_version: '12' }));
  await bob.ok(joinVia(bob, upgraded.replacement_room, a.name));
  const tags = () => bob.ok(bob.get(`/_matrix/client/v3/user/${bob.userId}/rooms/${upgraded.replacement_room}/tags`));
  await until('the tags', async () => (await tags()).tags['u.work']);
});
