// Finding rooms and people of another server.

import { expect, test } from 'vitest';
import type { AnyJson } from '../harness/client.ts';
import { newRoom, stateOf } from '../harness/room-client.ts';
import { until } from '../harness/until.ts';
import type { Journeys } from './pairings.ts';
import { PATIENCE_MS } from './person.ts';
import { act, expectSameState, join, openRoom, setState, tell } from './rooms.ts';
import { together } from './talk.ts';

export const directory: Journeys = ({ resident, visitor }, version) => {
  test('rooms are found by list, search and alias, people by id', async () => {
    await using stack = new AsyncDisposableStack();
    const [anna, { client }] = await Promise.all([resident(stack), visitor(stack)]);
    const name = `Garden of ${anna.userId}`;
    const { roomId, alias } = await openRoom(anna, version, { visibility: 'public', name });
    const { serverName } = anna.server;
    const rooms = '/_matrix/client/v3/publicRooms';
    // Some servers count rooms after the fact.
    const listed = await until('room in the list', async () => {
      const { chunk } = await client.ok(client.get(rooms, { query: { server: serverName, limit: 1000 } }));
      return chunk.find(({ room_id }: AnyJson) => room_id === roomId);
    });
    expect(listed).toMatchObject({ name, num_joined_members: 1 });
    const search = { filter: { generic_search_term: name }, limit: 10 };
    const found = await client.ok(client.post(rooms, search, { query: { server: serverName } }));
    expect(found.chunk.map(({ room_id }: AnyJson) => room_id)).toEqual([roomId]);

    const resolved = await client.ok(client.get(`/_matrix/client/v3/directory/room/${encodeURIComponent(alias)}`));
    expect(resolved).toEqual({ room_id: roomId, servers: expect.arrayContaining([serverName]) });
    const nowhere = await client.get(`/_matrix/client/v3/directory/room/${encodeURIComponent(`#no:${serverName}`)}`);
    expect([nowhere.status, nowhere.body.errcode]).toEqual([404, 'M_NOT_FOUND']);

    const profile = (userId: string): string => `/_matrix/client/v3/profile/${encodeURIComponent(userId)}`;
    await anna.client.ok(anna.client.put(`${profile(anna.userId)}/displayname`, { displayname: 'Anna K.' }));
    expect((await client.ok(client.get(profile(anna.userId)))).displayname).toBe('Anna K.');
    const nobody = await client.get(profile(`@nobody:${serverName}`));
    expect([nobody.status, nobody.body.errcode]).toEqual([404, 'M_NOT_FOUND']);
  });
};

export const spaces: Journeys = (meeting, version) => {
  test('the hierarchy of a space with rooms on both servers', async () => {
    await using stack = new AsyncDisposableStack();
    const [anna, bert] = await Promise.all([meeting.resident(stack), meeting.visitor(stack)]);
    const space = await openRoom(anna, version, { creation_content: { type: 'm.space' }, name: 'House' });
    const kitchen = await openRoom(anna, version, { name: 'Kitchen' });
    const cellar = await newRoom(anna.client, { preset: 'private_chat', room_version: version, name: 'Cellar' });
    const hut = await openRoom(bert, version, { name: 'Hut' });
    for (const [child, { server }] of [
      [kitchen.roomId, anna],
      [cellar, anna],
      [hut.roomId, bert],
    ] as const) {
      await setState(anna, space.roomId, 'm.space.child', { via: [server.serverName] }, child);
    }
    const ask = async ({ client }: typeof bert): Promise<string[]> => {
      const path = `/_matrix/client/v1/rooms/${encodeURIComponent(space.roomId)}/hierarchy`;
      const { rooms } = await client.ok(client.get(path));
      return rooms.map(({ name }: AnyJson) => name).sort();
    };
    await join(bert, space.alias);
    await anna.seesMember(space.roomId, bert.userId, 'join');
    const expectRooms = async (person: typeof bert, names: readonly string[]): Promise<void> => {
      let last: string[] = [];
      await until(
        'rooms',
        async () => {
          last = await ask(person);
          return last.length >= names.length && last.every(Boolean);
        },
        PATIENCE_MS,
      ).catch(() => undefined);
      expect(last).toEqual(names);
    };
    await expectRooms(bert, ['House', 'Hut', 'Kitchen']);
    await expectRooms(anna, ['Cellar', 'House', 'Hut', 'Kitchen']);
  });
};

export const rules: Journeys = (meeting, version) => {
  test('an access control list shuts a server out, and lets it in again', async () => {
    await using stack = new AsyncDisposableStack();
    const { anna, bert, roomId } = await together(meeting, stack, version);
    const { roomId: fence, alias } = await openRoom(anna, version);
    await join(bert, alias);
    await anna.seesMember(fence, bert.userId, 'join');
    const acl = (deny: readonly string[]): Promise<string> =>
      setState(anna, roomId, 'm.room.server_acl', { allow: ['*'], deny, allow_ip_literals: true });
    const shut = await acl([bert.server.serverName.replace(/:\d+$/, '')]);
    await bert.gets(roomId, shut);
    const refused = await bert.client.say(roomId, 'do you hear me?');
    // What stands behind it in the same queue has come, so this one came too, and was refused.
    await tell(bert, fence, 'over here', anna);
    expect(anna.rooms.get(roomId)?.timeline.some(({ event_id }) => event_id === refused)).toBe(false);
    const opened = await acl([]);
    await bert.gets(roomId, opened);
    await tell(bert, roomId, 'and now?', anna);
    await tell(anna, roomId, 'yes', bert);
  });

  test('an upgraded room is followed to its successor', async () => {
    await using stack = new AsyncDisposableStack();
    const { anna, bert, roomId } = await together(meeting, stack, version, { topic: 'Old walls' });
    const { replacement_room: successor } = await act(anna, roomId, 'upgrade', { new_version: '12' });
    const tombstone = await bert.sees('tombstone', roomId, ({ state }) => state.get('m.room.tombstone|'));
    expect(tombstone.content.replacement_room).toBe(successor);
    await join(bert, successor, anna);
    await anna.seesMember(successor, bert.userId, 'join');
    const created = await stateOf(bert.client, successor, 'm.room.create');
    expect([created.room_version, created.predecessor.room_id]).toEqual(['12', roomId]);
    expect(await stateOf(bert.client, successor, 'm.room.topic')).toMatchObject({ topic: 'Old walls' });
    await tell(bert, successor, 'nice and warm', anna);
    await expectSameState(anna, bert, successor);
    // The old room cannot be written to by those without power.
    const late = await bert.client.put(
      `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/send/m.room.message/late`,
      {
        msgtype: 'm.text',
        body: 'too late',
      },
    );
    expect(late.status).toBe(403);
    await until('aliases moved', async () => {
      const { aliases } = await anna.client.ok(
        anna.client.get(`/_matrix/client/v3/rooms/${encodeURIComponent(successor)}/aliases`),
      );
      return aliases.length > 0;
    });
  });
};
