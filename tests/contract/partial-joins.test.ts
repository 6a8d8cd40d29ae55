import { expect, it } from 'vitest';
import type { RoomId, ServerName, UserId } from '../../src/protocol/ids/branded.ts';
import { memberEventsAmong, membershipOf, membershipsAmong } from '../../src/storage/stores/memberships.ts';
import { internNames } from '../../src/storage/stores/names.ts';
import { introductionsFor } from '../../src/storage/stores/outgoing-edus.ts';
import {
  countPartialJoinAttempt,
  directFollowers,
  isToldInPart,
  notePartialJoinProgress,
  partialJoinOf,
  partialJoins,
  roomStatesFrom,
} from '../../src/storage/stores/partial-joins.ts';
import { persistEvents } from '../../src/storage/stores/persist.ts';
import { roomById } from '../../src/storage/stores/rooms.ts';
import { userRoomsSince } from '../../src/storage/stores/sync-rooms.ts';
import { showWhole, storeMemberships } from '../../src/storage/stores/whole-rooms.ts';
import { describeOnBothEngines } from '../harness/databases.ts';
import { internTestUsers, storeRoom } from '../harness/stored-room.ts';

const roomId = '!room:there.test' as RoomId;

describeOnBothEngines('rooms that are entered in part', (open) => {
  it('are kept with their progress until they are whole', async () => {
    const db = await open();
    const room = await storeRoom(db, roomId);
    const [alice] = (await internTestUsers(db, '@alice:here.test')) as [number];
    const joined = await room.member(alice, 'join');
    const said = await room.send({ sender: alice });
    const write = async (more: object) => {
      const { sequence, extremities, stateRoot } = (await db.read((tx) => roomById(tx, roomId)))!;
      await db.write(persistEvents, {
        room: { nid: room.nid },
        ...{ sequence, upon: extremities, events: [], memberships: [], stateRoot, stateChanged: false, nodes: [] },
        ...{ extremities, notifiedTotal: 0, now: 7 },
        ...more,
      });
    };
    const isPartial = async () => (await db.read((tx) => roomById(tx, roomId)))!.isPartial;
    const partialJoin = { joinEventId: joined.eventId, via: 'there.test', servers: ['there.test', 'x.test'] };
    await write({ residency: 2, partialJoin });
    expect(await isPartial()).toBe(true);
    await db.write(notePartialJoinProgress, { room: room.nid, stateEvents: 10, missingEvents: 4 });
    await db.write(countPartialJoinAttempt, room.nid);
    const kept = { ...partialJoin, room: room.nid, roomId, version: '12', startedTs: 7, attempts: 1 };
    expect(await db.read((tx) => partialJoinOf(tx, roomId))).toEqual({
      ...kept,
      ...{ stateEvents: 10, missingEvents: 4, isStateWhole: false },
    });
    expect(await db.read(partialJoins)).toHaveLength(1);
    expect(await db.read((tx) => directFollowers(tx, [joined.nid]))).toEqual([]);
    // As the harness has it: a member's state key has the number of the user.
    const memberKeys = ['@creator:elsewhere', '@alice:here.test'].map((userId) => ['m.room.member', userId] as const);
    await db.write(internNames, { users: [], types: [], stateKeys: memberKeys });
    const member = { content: '{}', event: joined.nid, sender: alice, user: alice, userId: '@alice:here.test' };
    expect(await db.read((tx) => memberEventsAmong(tx, [joined.nid, said.nid]))).toEqual([member]);
    const people = ['@alice:here.test', '@nobody:here.test'] as UserId[];
    const memberships = await db.read((tx) => membershipsAmong(tx, room.nid, people));
    expect([...memberships]).toEqual([
      ['@alice:here.test', expect.objectContaining({ user: alice, membership: 'join' })],
    ]);
    const isTold = (server: string, ...only: number[]) =>
      db.read((tx) => isToldInPart(tx, server as ServerName, ...only));
    expect(await isTold('x.test')).toBe(true);
    expect(await isTold('x.test', room.nid)).toBe(true);
    expect(await isTold('x.test', room.nid + 1)).toBe(false);
    expect(await isTold('.test')).toBe(false);

    const root = new Uint8Array(32).fill(1);
    const states = (await db.read((tx) => roomStatesFrom(tx, room.nid, 0))).map(({ position }) => ({ position, root }));
    const completion = { events: [{ nid: said.nid, stateRoot: root, replaces: null }], states };
    await db.write(showWhole, room.nid);
    expect(await isPartial()).toBe(true);
    await write({ completion, toRejudge: [said.nid] });
    expect(await db.read((tx) => partialJoinOf(tx, roomId))).toMatchObject({ isStateWhole: true });
    const [bob, carol] = (await internTestUsers(db, '@bob:there.test', '@carol:untold.test')) as [number, number];
    const bobs = { user: bob, membership: 'join', event: said.nid, sender: bob, isLocal: false };
    const carols = { user: carol, membership: 'join', event: said.nid, sender: carol, isLocal: false };
    const alices = { user: alice, membership: 'join', event: joined.nid, sender: alice, isLocal: true };
    const positionOf = async (user: number) => (await db.read((tx) => membershipOf(tx, user, room.nid)))?.position;
    const before = await positionOf(alice);
    await db.write(storeMemberships, { room: room.nid, rows: [alices, bobs, carols] });
    expect(await positionOf(bob)).toBeGreaterThan(before!);
    expect(await positionOf(alice)).toBe(before);
    expect(await db.write(showWhole, room.nid)).toBe(false);
    expect(await isPartial()).toBe(true);
    await write({ rejudged: [said.nid] });
    expect(await db.write(showWhole, room.nid)).toBe(true);
    expect(await isPartial()).toBe(false);
    expect(await db.read((tx) => partialJoinOf(tx, roomId))).toBeUndefined();
    expect(await db.read(partialJoins)).toEqual([]);
    expect(await isTold('x.test')).toBe(false);
    // Of whom nobody told that they are in the room, they may have missed changes.
    const introduced = (server: string) =>
      db.read((tx) => introductionsFor(tx, server as ServerName, 0, Number.MAX_SAFE_INTEGER, 10));
    expect(await introduced('untold.test')).toMatchObject([{ user: alice, userId: '@alice:here.test' }]);
    expect(await introduced('there.test')).toEqual([]);
    const [mine] = await db.read((tx) => userRoomsSince(tx, alice, said.position));
    expect(mine).toMatchObject({ nid: room.nid, residency: 1, membership: 'join' });
    expect(mine!.wholePosition).toBe(mine!.position);
    expect(mine!.wholePosition).toBeGreaterThan(said.position);
    for (const state of states) {
      expect(await db.read((tx) => roomStatesFrom(tx, room.nid, state.position))).toContainEqual(state);
    }
  });
});
