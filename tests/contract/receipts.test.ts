// Receipts: the later one stays, private ones are their owner's alone, threads count for themselves.

import { beforeEach, expect, test } from 'vitest';
import { createReceipts, receiptContentsSince } from '../../src/ephemeral/receipts.ts';
import { manualClock } from '../../src/lib/manual-clock.ts';
import type { RoomId, UserId } from '../../src/protocol/ids/branded.ts';
import type { Database } from '../../src/storage/database.ts';
import { accountDataOf } from '../../src/storage/stores/account-data.ts';
import { unreadCounts } from '../../src/storage/stores/unread-counts.ts';
import { describeOnBothEngines } from '../harness/databases.ts';
import { internTestUsers, type StoredTestRoom, storeRoom } from '../harness/stored-room.ts';

const FAR = Number.MAX_SAFE_INTEGER;
const aliceId = '@alice:test' as UserId;

describeOnBothEngines('receipts', (open) => {
  let db: Database;
  let room: StoredTestRoom;
  let alice: number;
  let bob: number;
  let receipts: ReturnType<typeof createReceipts>;
  const clock = manualClock();

  beforeEach(async () => {
    db = await open();
    [alice, bob] = (await internTestUsers(db, aliceId, '@bob:test')) as [number, number];
    room = await storeRoom(db, '!room:test');
    await room.member(alice, 'join');
    await room.member(bob, 'join');
    receipts = createReceipts({ db, clock });
  });

  const read = (type: 'm.read' | 'm.read.private', eventId: string, threadId?: string): Promise<void> =>
    receipts.mark({ user: alice, userId: aliceId }, room.roomId as RoomId, [{ type, eventId, threadId }]);
  const seenBy = async (viewer: number, since = 0): Promise<unknown> =>
    (await db.read((tx) => receiptContentsSince(tx, [room.nid], since, FAR, viewer))).get(room.nid);
  const unread = async (): Promise<number> =>
    (await db.read((tx) => unreadCounts(tx, alice, room.nid, FAR))).notificationCount;
  const say = (thread?: number) => room.send({ sender: bob, notifies: true, thread: thread ?? null });

  test('move on and never back', async () => {
    const [first, second] = [await say(), await say()];
    await read('m.read', second.eventId);
    const content = { [second.eventId]: { 'm.read': { [aliceId]: { ts: clock.now() } } } };
    expect(await seenBy(bob)).toEqual(content);
    await read('m.read', first.eventId);
    expect(await seenBy(bob)).toEqual(content);
  });

  test('that are private are shown to their owner alone, and count', async () => {
    const event = await say();
    expect(await unread()).toBe(1);
    await read('m.read.private', event.eventId);
    expect(await seenBy(bob)).toBeUndefined();
    expect(await seenBy(alice)).toEqual({ [event.eventId]: { 'm.read.private': { [aliceId]: { ts: clock.now() } } } });
    expect(await unread()).toBe(0);
    const rooms = await db.read((tx) => receipts.roomsOfOwnReceipts(tx, alice, event.position, FAR));
    expect(rooms).toEqual([room.nid]);
  });

  test('of threads count for their thread alone', async () => {
    const root = await say();
    const reply = await say(root.nid);
    await read('m.read', reply.eventId, root.eventId);
    expect(await unread()).toBe(1);
    await read('m.read', root.eventId, 'main');
    expect(await unread()).toBe(0);
    expect(await seenBy(bob)).toEqual({
      [reply.eventId]: { 'm.read': { [aliceId]: { ts: clock.now(), thread_id: root.eventId } } },
      [root.eventId]: { 'm.read': { [aliceId]: { ts: clock.now(), thread_id: 'main' } } },
    });
  });

  test('may name a thread that their event reaches over other relations', async () => {
    const root = await say();
    const relation = (target: string, relType: string) => ({ target, relType, key: null });
    const reference = await room.send({ sender: bob, relation: relation(root.eventId, 'm.reference') });
    const reaction = await room.send({ sender: bob, relation: relation(reference.eventId, 'm.annotation') });
    await read('m.read', reaction.eventId, root.eventId);
    const other = await say();
    await expect(read('m.read', other.eventId, root.eventId)).rejects.toMatchObject({ errcode: 'M_INVALID_PARAM' });
  });

  test('prefer the unthreaded one where both stand at one event', async () => {
    const root = await say();
    const reply = await say(root.nid);
    await read('m.read', reply.eventId);
    await read('m.read', reply.eventId, root.eventId);
    expect(await seenBy(bob)).toEqual({ [reply.eventId]: { 'm.read': { [aliceId]: { ts: clock.now() } } } });
  });

  test('are refused for events in threads as main, elsewhere, or unknown, and to strangers', async () => {
    const root = await say();
    const reply = await say(root.nid);
    await expect(read('m.read', reply.eventId, 'main')).rejects.toMatchObject({ errcode: 'M_INVALID_PARAM' });
    await expect(read('m.read', '$nothing')).rejects.toMatchObject({ errcode: 'M_INVALID_PARAM' });
    const other = await storeRoom(db, '!other:test');
    const reader = { user: alice, userId: aliceId };
    await expect(receipts.mark(reader, other.roomId as RoomId, [], root.eventId)).rejects.toMatchObject({
      errcode: 'M_FORBIDDEN',
    });
    await expect(receipts.mark(reader, '!none:test' as RoomId, [], root.eventId)).rejects.toMatchObject({
      status: 404,
    });
  });

  test('move together with the fully read marker', async () => {
    const event = await say();
    const reader = { user: alice, userId: aliceId };
    await receipts.mark(
      reader,
      room.roomId as RoomId,
      [{ type: 'm.read', eventId: event.eventId, threadId: undefined }],
      event.eventId,
    );
    const [marker] = await db.read((tx) => accountDataOf(tx, alice, room.nid));
    expect(marker).toMatchObject({ type: 'm.fully_read', content: JSON.stringify({ event_id: event.eventId }) });
    expect(await unread()).toBe(0);
  });

  test('are told to other servers in order, without private ones and those of other servers', async () => {
    const [carol] = (await internTestUsers(db, '@carol:other')) as [number];
    const [first, second] = [await say(), await say()];
    await read('m.read.private', first.eventId);
    await read('m.read', second.eventId);
    await receipts.receive(room.nid, [{ user: carol, eventId: '$unknown', threadId: undefined, ts: 5 }]);
    const told = await db.read((tx) => receipts.publicReceiptsSince(tx, 0, FAR, 10));
    expect(told.map(({ eventId, roomId, userId }) => [eventId, roomId, userId])).toEqual([
      [second.eventId, room.roomId, aliceId],
    ]);
    expect(await seenBy(bob)).toMatchObject({ $unknown: { 'm.read': { '@carol:other': { ts: 5 } } } });
  });
});
