// How people of one server get into rooms of another, and out of them.

import { expect, test } from 'vitest';
import { inRoom, newRoom, stateOf } from '../harness/room-client.ts';
import type { Journeys } from './pairings.ts';
import type { Person } from './person.ts';
import { act, expectSameState, heard, invite, join, openRoom, setState, tell } from './rooms.ts';

const stripped = (person: Person, roomId: string): Record<string, unknown> =>
  Object.fromEntries(
    (person.rooms.get(roomId)?.stripped ?? []).map(({ type, state_key, content }) => [
      type === 'm.room.member' ? `${type}|${state_key}` : type,
      content,
    ]),
  );

export const comingAndGoing: Journeys = ({ resident, visitor }, version) => {
  test('joining by alias, leaving, coming back by id and via', async () => {
    await using stack = new AsyncDisposableStack();
    const [anna, bert] = await Promise.all([resident(stack), visitor(stack)]);
    const { roomId, alias } = await openRoom(anna, version, { topic: 'Doors' });
    expect(await join(bert, alias)).toEqual({ room_id: roomId });
    await Promise.all([anna.seesMember(roomId, bert.userId, 'join'), bert.seesMember(roomId, anna.userId, 'join')]);
    expect((await stateOf(bert.client, roomId, 'm.room.topic')).topic).toBe('Doors');
    await tell(anna, roomId, 'welcome', bert);
    await tell(bert, roomId, 'thanks', anna);
    await expectSameState(anna, bert, roomId);

    await act(bert, roomId, 'leave', { reason: 'tea' });
    await bert.is(roomId, 'leave');
    expect((await anna.seesMember(roomId, bert.userId, 'leave')).content.reason).toBe('tea');
    await tell(anna, roomId, 'he is gone');

    await join(bert, roomId, anna);
    await bert.is(roomId, 'join');
    await anna.seesMember(roomId, bert.userId, 'join');
    await tell(bert, roomId, 'back again', anna);
    await tell(anna, roomId, 'good', bert);
    expect(heard(anna, roomId)).toEqual(['welcome', 'thanks', 'he is gone', 'back again', 'good']);
    await expectSameState(anna, bert, roomId);
  });
};

export const invitations: Journeys = ({ resident, visitor }, version) => {
  test('invites are accepted, rejected and taken back', async () => {
    await using stack = new AsyncDisposableStack();
    const [anna, bert, cleo, dora] = await Promise.all([
      resident(stack),
      visitor(stack),
      visitor(stack),
      visitor(stack),
    ]);
    const options = { preset: 'private_chat', name: 'Attic', is_direct: true, invite: [bert.userId] };
    const roomId = await newRoom(anna.client, { room_version: version, ...options });
    for (const guest of [cleo, dora]) await invite(anna, roomId, guest);
    await Promise.all([bert, cleo, dora].map((guest) => guest.is(roomId, 'invite')));
    expect(stripped(bert, roomId)).toMatchObject({
      'm.room.name': { name: 'Attic' },
      'm.room.join_rules': { join_rule: 'invite' },
      'm.room.create': { room_version: version },
      [`m.room.member|${bert.userId}`]: { membership: 'invite', is_direct: true },
    });

    await join(bert, roomId);
    await anna.seesMember(roomId, bert.userId, 'join');
    await tell(bert, roomId, 'what a view', anna);

    await act(cleo, roomId, 'leave');
    await cleo.is(roomId, 'leave');
    await anna.seesMember(roomId, cleo.userId, 'leave');
    await bert.seesMember(roomId, cleo.userId, 'leave');

    await act(anna, roomId, 'kick', { user_id: dora.userId });
    await dora.is(roomId, 'leave');

    // The other way round: whoever came by invitation invites someone of the first server.
    const emil = await resident(stack, 'emil');
    await setState(anna, roomId, 'm.room.power_levels', {
      ...(await stateOf(anna.client, roomId, 'm.room.power_levels')),
      invite: 0,
    });
    await bert.sees(
      'the new power levels',
      roomId,
      ({ state }) => state.get('m.room.power_levels|')?.content.invite === 0,
    );
    await invite(bert, roomId, emil);
    await emil.is(roomId, 'invite');
    await join(emil, roomId);
    await bert.seesMember(roomId, emil.userId, 'join');
    await expectSameState(anna, bert, roomId);
  });
};

export const moderation: Journeys = ({ resident, visitor }, version) => {
  test('kick, ban and unban by moderators of both servers', async () => {
    await using stack = new AsyncDisposableStack();
    const [anna, fred, bert, cleo] = await Promise.all([
      resident(stack),
      resident(stack),
      visitor(stack),
      visitor(stack),
    ]);
    const { roomId, alias } = await openRoom(anna, version);
    await join(fred, roomId);
    for (const guest of [bert, cleo]) {
      await join(guest, alias);
      await anna.seesMember(roomId, guest.userId, 'join');
    }
    const powers = await stateOf(anna.client, roomId, 'm.room.power_levels');
    const moderated = await setState(anna, roomId, 'm.room.power_levels', {
      ...powers,
      users: { ...powers.users, [bert.userId]: 50 },
    });
    await bert.gets(roomId, moderated);

    await act(anna, roomId, 'kick', { user_id: cleo.userId, reason: 'noise' });
    await cleo.is(roomId, 'leave');
    for (const each of [anna, bert]) {
      expect((await each.seesMember(roomId, cleo.userId, 'leave')).content.reason).toBe('noise');
    }
    await join(cleo, alias);
    await anna.seesMember(roomId, cleo.userId, 'join');
    await act(anna, roomId, 'ban', { user_id: cleo.userId });
    await cleo.is(roomId, 'leave');
    await bert.seesMember(roomId, cleo.userId, 'ban');
    expect((await cleo.client.post(`/_matrix/client/v3/join/${encodeURIComponent(alias)}`)).status).toBe(403);
    await act(anna, roomId, 'unban', { user_id: cleo.userId });
    await Promise.all([anna, bert].map((each) => each.seesMember(roomId, cleo.userId, 'leave')));
    await join(cleo, alias);
    await anna.seesMember(roomId, cleo.userId, 'join');

    // The moderator from afar.
    await act(bert, roomId, 'kick', { user_id: fred.userId });
    await fred.is(roomId, 'leave');
    await act(bert, roomId, 'ban', { user_id: fred.userId });
    await anna.seesMember(roomId, fred.userId, 'ban');
    expect((await inRoom(fred.client, roomId, 'join')).status).toBe(403);
    await expectSameState(anna, bert, roomId);
  });
};

const knock = async ({ client }: Person, { server }: Person, roomId: string): Promise<unknown> =>
  client.ok(
    client.post(
      `/_matrix/client/v3/knock/${encodeURIComponent(roomId)}?via=${server.serverName}&server_name=${server.serverName}`,
      { reason: 'let me in' },
    ),
  );

export const knocking: Journeys = ({ resident, visitor }, version) => {
  test('knocks are answered with an invite, refused, and taken back', async () => {
    await using stack = new AsyncDisposableStack();
    const [anna, bert, cleo, dora] = await Promise.all([
      resident(stack),
      visitor(stack),
      visitor(stack),
      visitor(stack),
    ]);
    const join_rules = { type: 'm.room.join_rules', state_key: '', content: { join_rule: 'knock' } };
    const roomId = await newRoom(anna.client, { room_version: version, name: 'Gate', initial_state: [join_rules] });
    for (const guest of [bert, cleo, dora]) await knock(guest, anna, roomId);
    for (const guest of [bert, cleo, dora]) {
      await guest.is(roomId, 'knock');
      expect((await anna.seesMember(roomId, guest.userId, 'knock')).content.reason).toBe('let me in');
    }
    expect(stripped(bert, roomId)).toMatchObject({
      'm.room.name': { name: 'Gate' },
      'm.room.join_rules': { join_rule: 'knock' },
    });

    await invite(anna, roomId, bert);
    await bert.is(roomId, 'invite');
    await join(bert, roomId, anna);
    await anna.seesMember(roomId, bert.userId, 'join');
    await tell(bert, roomId, 'thank you', anna);

    await act(anna, roomId, 'kick', { user_id: cleo.userId });
    await cleo.is(roomId, 'leave');
    await act(dora, roomId, 'leave');
    await dora.is(roomId, 'leave');
    await anna.seesMember(roomId, dora.userId, 'leave');
    await expectSameState(anna, bert, roomId);
  });
};

export const restrictedJoins: Journeys = ({ resident, visitor }, version) => {
  test('members of a space get into its restricted room, others do not', async () => {
    await using stack = new AsyncDisposableStack();
    const [anna, bert, cleo] = await Promise.all([resident(stack), visitor(stack), visitor(stack)]);
    const space = await openRoom(anna, version, { creation_content: { type: 'm.space' } });
    const join_rule = Number(version) >= 10 ? 'knock_restricted' : 'restricted';
    const content = { join_rule, allow: [{ type: 'm.room_membership', room_id: space.roomId }] };
    const roomId = await newRoom(anna.client, {
      room_version: version,
      name: 'Members only',
      initial_state: [{ type: 'm.room.join_rules', state_key: '', content }],
    });
    const name = anna.server.serverName;
    const attempt = cleo.client.post(
      `/_matrix/client/v3/join/${encodeURIComponent(roomId)}?via=${name}&server_name=${name}`,
    );
    expect((await attempt).status).toBe(403);
    await join(bert, space.alias);
    await anna.seesMember(space.roomId, bert.userId, 'join');
    await join(bert, roomId, anna);
    const joined = await anna.seesMember(roomId, bert.userId, 'join');
    expect(joined.content.join_authorised_via_users_server).toBe(anna.userId);
    await tell(bert, roomId, 'I am a member', anna);
    if (join_rule === 'knock_restricted') {
      await knock(cleo, anna, roomId);
      await Promise.all([anna, bert].map((each) => each.seesMember(roomId, cleo.userId, 'knock')));
      await invite(anna, roomId, cleo);
      await Promise.all([cleo.is(roomId, 'invite'), bert.seesMember(roomId, cleo.userId, 'invite')]);
      await join(cleo, roomId, anna);
      await bert.seesMember(roomId, cleo.userId, 'join');
    }
    await expectSameState(anna, bert, roomId);
  });
};
