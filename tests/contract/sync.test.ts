// What /sync reads, on both engines: whole answers, and the store's own questions.

import { expect, test } from 'vitest';
import type { RoomId } from '../../src/protocol/ids/branded.ts';
import { eventById } from '../../src/storage/stores/events.ts';
import { forgetRoom } from '../../src/storage/stores/memberships.ts';
import { putReceipt } from '../../src/storage/stores/receipts.ts';
import {
  eventsAfterGaps,
  firstMembers,
  forgottenAmong,
  latestReceipt,
  memberCounts,
  memberKeysAmong,
  redactedAmong,
  relatedAmong,
  stateAt,
  userRoomsSince,
} from '../../src/storage/stores/sync-rooms.ts';
import type { AnyJson } from '../harness/client.ts';
import { describeOnBothEngines } from '../harness/databases.ts';
import { openTestSync } from '../harness/sync.ts';

const types = (room: AnyJson): string[] => room.timeline.events.map((event: AnyJson) => event.type);

describeOnBothEngines('/sync', (open) => {
  test('tells a room as it grows, is left and joined again', async () => {
    const server = openTestSync(await open());
    const [alice, bob] = [await server.syncing('alice'), await server.syncing('bob')];
    const room = await server.create(alice, { name: 'room' });
    const first = await server.ask(bob);
    expect(first.rooms).toBeUndefined();
    await server.member(room, bob, 'join');
    await server.say(room, alice, 'one');
    const second = await server.ask(bob, { since: first.next_batch, filter: { room: { timeline: { limit: 1 } } } });
    expect(types(second.rooms.join[room])).toEqual(['m.room.message']);
    expect(second.rooms.join[room].state.events).toHaveLength(7);
    const waiting = server.ask(bob, { since: second.next_batch, timeoutMs: 20_000 });
    await server.setState(room, alice, 'm.room.topic', '', { topic: 'two' });
    const third = await waiting;
    expect(types(third.rooms.join[room])).toEqual(['m.room.topic']);
    await server.member(room, bob, 'leave');
    await server.say(room, alice, 'unheard');
    const fourth = await server.ask(bob, { since: third.next_batch, stateAfter: true });
    expect(types(fourth.rooms.leave[room])).toEqual(['m.room.member']);
    await server.member(room, bob, 'join');
    const fifth = await server.ask(bob, { since: fourth.next_batch });
    expect(types(fifth.rooms.join[room])).toEqual(['m.room.message', 'm.room.member']);
    expect(fifth.rooms.join[room].timeline.limited).toBe(true);
  });

  test('shows an invite while it stands', async () => {
    const server = openTestSync(await open());
    const [alice, bob] = [await server.syncing('alice'), await server.syncing('bob')];
    const room = await server.create(alice);
    await server.member(room, alice, 'invite', bob);
    const { rooms, next_batch: since } = await server.ask(bob);
    expect(Object.keys(rooms.invite)).toEqual([room]);
    await server.member(room, alice, 'leave', bob);
    expect(Object.keys((await server.ask(bob, { since })).rooms.leave)).toEqual([room]);
  });
});

describeOnBothEngines('the store of /sync', (open) => {
  test('knows the rooms of a user, and which of them are forgotten', async () => {
    const db = await open();
    const server = openTestSync(db);
    const [alice, bob] = [await server.syncing('alice'), await server.syncing('bob')];
    const [one, two] = [await server.create(alice), await server.create(alice)];
    for (const room of [one, two]) await server.member(room, bob, 'join');
    const { user } = bob.viewer;
    const rows = await db.read((tx) => userRoomsSince(tx, user, 0));
    expect(rows.map(({ roomId, membership }) => [roomId, membership])).toEqual(
      expect.arrayContaining([
        [one, 'join'],
        [two, 'join'],
      ]),
    );
    const latest = Math.max(...rows.map(({ position }) => position));
    await server.setState(one, bob, 'm.room.member', bob.userId, { membership: 'join', displayname: 'Bob' });
    const [renamed] = await db.read((tx) => userRoomsSince(tx, user, latest));
    expect(renamed).toMatchObject({ roomId: one, sincePosition: rows.find((row) => row.roomId === one)!.position });
    await server.member(two, bob, 'leave');
    const nids = rows.map(({ nid }) => nid);
    expect(await db.read((tx) => forgottenAmong(tx, user, nids))).toEqual(new Set());
    const left = rows.find((row) => row.roomId === two)!.nid;
    await db.write(forgetRoom, { user, room: left });
    expect(await db.read((tx) => forgottenAmong(tx, user, nids))).toEqual(new Set([left]));
  });

  test('knows states, members, relations and redactions', async () => {
    const db = await open();
    const server = openTestSync(db);
    const [alice, bob] = [await server.syncing('alice'), await server.syncing('bob')];
    const roomId: RoomId = await server.create(alice);
    const { nid: room } = await server.rooms.require(roomId);
    const before = server.stream.head;
    const known = await db.read((tx) => stateAt(tx, room, before));
    const target = await server.say(roomId, alice, 'target');
    expect(await db.read((tx) => stateAt(tx, room, server.stream.head))).toEqual(known);
    await server.member(roomId, alice, 'invite', bob);
    const { root, position } = (await db.read((tx) => stateAt(tx, room, server.stream.head)))!;
    expect(position).toBe(server.stream.head);
    expect(await db.read((tx) => stateAt(tx, room, -5))).toBeUndefined();
    const entries = await server.rooms.state.entries(Buffer.from(root).toString('hex'));
    const members = await db.read((tx) => memberKeysAmong(tx, [...entries.keys()]));
    expect(members.size).toBe(2);
    expect(await db.read((tx) => memberCounts(tx, room))).toEqual({ joined: 1, invited: 1 });
    expect(await db.read((tx) => firstMembers(tx, room, ['join', 'invite'], 6))).toEqual([alice.userId, bob.userId]);
    expect(await db.read((tx) => firstMembers(tx, room, ['leave', 'ban'], 6))).toEqual([]);
    await server.relate(roomId, alice, 'm.thread', target);
    await server.redact(roomId, alice, target);
    expect(await db.read((tx) => relatedAmong(tx, [target]))).toEqual(new Set([target]));
    const redacted = await db.read(async (tx) =>
      redactedAmong(tx, [...entries.values(), (await eventById(tx, target))!.nid]),
    );
    expect(redacted.size).toBe(1);
    expect(await db.read((tx) => eventsAfterGaps(tx, room, [...entries.values()]))).toEqual(new Set());
    expect(await db.read((tx) => latestReceipt(tx, room))).toBe(0);
    const receipt = { room, user: alice.viewer.user, isLocal: true, threadId: undefined, thread: -1, ts: 1 } as const;
    const at = await db.write(putReceipt, { ...receipt, type: 'm.read', eventId: target, eventPosition: before });
    expect(await db.read((tx) => latestReceipt(tx, room))).toBe(at);
  });
});
