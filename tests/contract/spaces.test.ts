// Spaces, room summaries and mutual rooms, on both engines.

import { expect, it } from 'vitest';
import type { JsonObject } from '../../src/protocol/events/json.ts';
import type { RoomAlias, RoomId } from '../../src/protocol/ids/branded.ts';
import { createAlias } from '../../src/storage/stores/aliases.ts';
import { roomById } from '../../src/storage/stores/rooms.ts';
import { describeOnBothEngines } from '../harness/databases.ts';
import { openTestRooms, type TestPerson, type TestRoomOptions, type TestRooms } from '../harness/rooms.ts';

const space: TestRoomOptions = { createContent: { type: 'm.space' } };

const child = (test: TestRooms, parent: RoomId, by: TestPerson, roomId: RoomId, content: JsonObject = {}) =>
  test.setState(parent, by, 'm.space.child', roomId, { via: ['example.org'], ...content });

const question = { suggestedOnly: false, maxDepth: undefined, limit: 50, from: undefined };

const walk = async (test: TestRooms, root: RoomId, by: TestPerson, more: object = {}) => {
  const page = await test.reads.hierarchy(root, { ...question, ...more }, by.viewer.user);
  const rooms = page.rooms.map((text) => JSON.parse(text));
  return { rooms, ids: rooms.map((room) => room.room_id), next: page.nextBatch };
};

/** root: r1 (suggested), s1: [s2: [r3, r4 (of bob, world readable)]], r2 (suggested). */
const tree = async (test: TestRooms) => {
  const [alice, bob] = [await test.person('alice'), await test.person('bob')];
  const root = await test.create(alice, { ...space, name: 'Root' });
  const r1 = await test.create(alice, { name: 'R1' });
  const s1 = await test.create(alice, { ...space, name: 'S1' });
  const r2 = await test.create(alice);
  const s2 = await test.create(alice, space);
  const r3 = await test.create(alice, { joinRule: 'invite' });
  const r4 = await test.create(bob, { joinRule: 'invite', visibility: 'world_readable' });
  await child(test, root, alice, r1, { suggested: true });
  await child(test, root, alice, s1);
  await child(test, root, alice, r2, { suggested: true });
  await child(test, s1, alice, s2);
  await child(test, s2, alice, r3);
  await child(test, s2, alice, r4);
  return { alice, bob, root, r1, s1, r2, s2, r3, r4 };
};

describeOnBothEngines('space hierarchies', (open) => {
  it('are walked depth first, as deep and as suggested as asked', async () => {
    const test = openTestRooms(await open());
    const { alice, bob, root, r1, s1, r2, s2, r3, r4 } = await tree(test);
    // A room that is no space has no children, whatever its state says.
    await child(test, r2, alice, await test.create(alice));
    const all = await walk(test, root, alice);
    expect(all.ids).toEqual([root, r1, s1, s2, r3, r4, r2]);
    expect(all.next).toBeUndefined();
    expect(all.rooms[0]).toMatchObject({
      name: 'Root',
      room_type: 'm.space',
      num_joined_members: 1,
      join_rule: 'public',
    });
    expect(all.rooms[0].children_state.map((event: JsonObject) => event.state_key)).toEqual([r1, s1, r2]);
    expect(all.rooms[0].children_state[0]).toEqual({
      type: 'm.space.child',
      state_key: r1,
      sender: alice.userId,
      content: { via: ['example.org'], suggested: true },
      origin_server_ts: expect.any(Number),
    });
    expect(all.rooms.at(-1).children_state).toEqual([]);
    const shallow = await walk(test, root, alice, { maxDepth: 1 });
    expect(shallow.ids).toEqual([root, r1, s1, r2]);
    expect(shallow.rooms[2].children_state).toHaveLength(1);
    const suggested = await walk(test, root, alice, { suggestedOnly: true });
    expect(suggested.ids).toEqual([root, r1, r2]);
    expect(suggested.rooms[0].children_state).toHaveLength(2);
    // The invite-only r3 is not bob's to know of.
    expect((await walk(test, root, bob)).ids).toEqual([root, r1, s1, s2, r4, r2]);
    await test.setState(root, alice, 'm.space.child', s1, {});
    expect((await walk(test, root, alice)).ids).toEqual([root, r1, r2]);
  });

  it('come in pages whose tokens are bound to the parameters', async () => {
    const test = openTestRooms(await open());
    const { alice, root, r1, s1, r2, s2, r3, r4 } = await tree(test);
    const first = await walk(test, root, alice, { limit: 4 });
    expect(first.ids).toEqual([root, r1, s1, s2]);
    const second = await walk(test, root, alice, { from: first.next });
    expect(second.ids).toEqual([r3, r4, r2]);
    expect(second.next).toBeUndefined();
    for (const change of [{ maxDepth: 3 }, { suggestedOnly: true }, { from: 'nonsense' }]) {
      await expect(walk(test, root, alice, { from: first.next, ...change })).rejects.toMatchObject({
        errcode: 'M_INVALID_PARAM',
      });
    }
  });

  it('end in spite of loops, and refuse a root that is not to be seen', async () => {
    const test = openTestRooms(await open());
    const { alice, bob, root, s1, s2 } = await tree(test);
    await child(test, s2, alice, root);
    await child(test, s2, alice, s2);
    expect((await walk(test, root, alice)).ids).toHaveLength(7);
    expect((await walk(test, s2, alice)).ids.slice(0, 2)).toEqual([s2, expect.any(String)]);
    const hidden = await test.create(alice, { ...space, joinRule: 'invite' });
    await expect(walk(test, hidden, bob)).rejects.toMatchObject({ errcode: 'M_FORBIDDEN' });
    await test.member(s1, alice, 'ban', bob);
    await expect(walk(test, s1, bob)).rejects.toMatchObject({ errcode: 'M_FORBIDDEN' });
  });

  it('show children by order, then by time', async () => {
    const test = openTestRooms(await open());
    const alice = await test.person('alice');
    const root = await test.create(alice, space);
    const rooms: RoomId[] = [];
    for (const order of ['b', undefined, ' ', 7, 'a\u007f', 'x'.repeat(51)]) {
      const roomId = await test.create(alice);
      await child(test, root, alice, roomId, order === undefined ? {} : { order });
      rooms.push(roomId);
    }
    const [b, none, blank, wrong, invalid, long] = rooms;
    expect((await walk(test, root, alice)).ids.slice(1)).toEqual([blank, b, none, wrong, invalid, long]);
  });

  it('tell members of an allowed room of restricted rooms', async () => {
    const test = openTestRooms(await open());
    const [alice, bob, carol] = [await test.person('alice'), await test.person('bob'), await test.person('carol')];
    const root = await test.create(alice, { ...space, visibility: 'world_readable' });
    const roomId = await test.create(alice, { joinRule: 'invite' });
    const allow = [{ type: 'm.room_membership', room_id: root }];
    await test.setState(roomId, alice, 'm.room.join_rules', '', { join_rule: 'restricted', allow });
    await child(test, root, alice, roomId);
    await test.member(root, bob, 'join');
    const known = await walk(test, root, bob);
    expect(known.ids).toEqual([root, roomId]);
    expect(known.rooms[1].allowed_room_ids).toEqual([root]);
    expect((await walk(test, root, carol)).ids).toEqual([root]);
  });
});

describeOnBothEngines('room summaries', (open) => {
  it('are given to those who may join or look in', async () => {
    const db = await open();
    const test = openTestRooms(db);
    const [alice, bob] = [await test.person('alice'), await test.person('bob')];
    const roomId = await test.create(alice, { name: 'Public', version: '12' });
    await test.setState(roomId, alice, 'm.room.encryption', '', { algorithm: 'm.megolm.v1.aes-sha2' });
    const alias = '#public:example.org' as RoomAlias;
    const room = (await db.read((tx) => roomById(tx, roomId)))!.nid;
    await db.write(createAlias, { alias, room, creator: alice.viewer.user, now: 1 });
    const expected = {
      room_id: roomId,
      name: 'Public',
      num_joined_members: 1,
      join_rule: 'public',
      guest_can_join: false,
      world_readable: false,
      room_version: '12',
      encryption: 'm.megolm.v1.aes-sha2',
    };
    expect(await test.reads.summary(roomId, [], alice.viewer.user)).toEqual({ ...expected, membership: 'join' });
    expect(await test.reads.summary(alias, [], bob.viewer.user)).toEqual({ ...expected, membership: 'leave' });
    expect(await test.reads.summary(roomId, [], undefined)).toEqual(expected);

    const hidden = await test.create(alice, { joinRule: 'invite' });
    const absent = { errcode: 'M_NOT_FOUND' };
    for (const user of [bob.viewer.user, undefined]) {
      await expect(test.reads.summary(hidden, [], user)).rejects.toMatchObject(absent);
    }
    await expect(test.reads.summary('#none:example.org' as RoomAlias, [], undefined)).rejects.toMatchObject(absent);
    await test.member(hidden, alice, 'invite', bob);
    expect((await test.reads.summary(hidden, [], bob.viewer.user)).membership).toBe('invite');
  });
});

describeOnBothEngines('mutual rooms', (open) => {
  it('are those both are in', async () => {
    const test = openTestRooms(await open());
    const [alice, bob] = [await test.person('alice'), await test.person('bob')];
    const shared = [await test.create(alice), await test.create(alice)];
    await test.create(alice);
    await test.create(bob);
    const invited = await test.create(alice);
    for (const roomId of shared) await test.member(roomId, bob, 'join');
    await test.member(invited, alice, 'invite', bob);
    const mutual = { joined: shared, count: 2 };
    expect(await test.reads.mutualRooms(bob.userId, undefined, alice.viewer)).toEqual(mutual);
    expect(await test.reads.mutualRooms(alice.userId, undefined, bob.viewer)).toEqual(mutual);
    expect(await test.reads.mutualRooms((await test.person('eve')).userId, undefined, bob.viewer)).toEqual({
      joined: [],
      count: 0,
    });
    const invalid = { errcode: 'M_INVALID_PARAM' };
    await expect(test.reads.mutualRooms(bob.userId, undefined, bob.viewer)).rejects.toMatchObject(invalid);
    await expect(test.reads.mutualRooms(bob.userId, 'what', alice.viewer)).rejects.toMatchObject(invalid);
  });
});
