// What receiving events of other servers asks of the stores, and what it promises whatever the order, on both engines.

import { expect, test } from 'vitest';
import { slicesOf } from '../../src/lib/slices-of.ts';
import type { EventId, RoomId } from '../../src/protocol/ids/branded.ts';
import type { RoomVersionId } from '../../src/protocol/room-versions/room-version.ts';
import type { IncomingEvent } from '../../src/rooms/receive/incoming.ts';
import type { Database } from '../../src/storage/database.ts';
import { eventById } from '../../src/storage/stores/events.ts';
import { describeOnBothEngines } from '../harness/databases.ts';
import { createForeignRoom, type ForeignRoom } from '../harness/foreign-events.ts';
import { openTestRooms } from '../harness/rooms.ts';
import { type SeededRandom, seededRandom } from '../harness/seeded-random.ts';

const alice = '@alice:example.org';
const bob = '@bob:elsewhere.example';
const people = [bob, '@carol:third.example', '@dan:fourth.example', '@eve:fifth.example'];

/** Everything that must not depend on the order in which events came. */
const pictureOf = async (db: Database, rooms: ReturnType<typeof openTestRooms>['rooms'], roomId: RoomId) => {
  const view = await rooms.view(roomId);
  const state = (await view.all()).map(({ type, stateKey, eventId }) => `${type}|${stateKey}=${eventId}`).sort();
  const extremities = (await rooms.receive.extremities(roomId)).map(({ eventId }) => eventId).sort();
  const rejected = await db.read((tx) =>
    tx.all<{ id: string }>('SELECT event_id AS "id" FROM events WHERE verdict = 2 ORDER BY event_id'),
  );
  const members = await db.read((tx) =>
    tx.all<{ member: string; membership: string }>(
      `SELECT u.user_id AS "member", m.membership AS "membership" FROM memberships m JOIN users u ON u.nid = m.user_nid
       ORDER BY u.user_id`,
    ),
  );
  return { state, extremities, rejected, members };
};

/** Power, bans, names and talk on several branches that come together at the end. */
const randomHistory = (room: ForeignRoom, seed: number): IncomingEvent[] => {
  const random = seededRandom(seed);
  const isAuth = ({ event }: IncomingEvent): boolean => event.type !== 'm.room.join_rules' && event.stateKey !== alice;
  const base = room.stateEvents(room.tips[0]!).filter(isAuth);
  const events: IncomingEvent[] = people.slice(1).map((user) => room.member(user, 'join'));
  const pickPrev = (): EventId[] => {
    const recent = events.slice(-8).map(({ event }) => event.eventId);
    return random.chance(0.3) ? [...new Set([random.pick(recent), random.pick(recent)])] : [random.pick(recent)];
  };
  for (let n = 0; n < 40; n++) {
    const sender = random.pick(people);
    const other = random.pick(people.slice(1));
    const prev = pickPrev();
    const state = (type: string, content: object, stateKey = '') =>
      room.add({ type, stateKey, sender, content: content as never, prev });
    const users = { [bob]: 100, [other]: random.pick([0, 50, 100]) };
    events.push(
      random.pick([
        () => state('m.room.topic', { topic: `${n}` }),
        () => state('m.room.power_levels', { users }),
        () => state('m.room.member', { membership: random.pick(['ban', 'leave']) }, other),
        () => state('m.room.member', { membership: 'join' }, sender),
        () => room.say(sender, `${n}`, { prev }),
      ])(),
    );
  }
  // By auth events that nobody disputes.
  const isSelected = ({ event }: IncomingEvent): boolean => room.version.id !== '12' || event.type !== 'm.room.create';
  const auth = base.filter(isSelected).map(({ event }) => event.eventId);
  events.push(room.say(bob, 'together', { prev: [...room.tips], auth }));
  return events;
};

const shuffled = <T>(values: readonly T[], random: SeededRandom): T[] => {
  const left = [...values];
  return values.map(() => left.splice(random.below(left.length), 1)[0]!);
};

describeOnBothEngines('receiving', (openDatabase) => {
  test.each(['6', '10', '12'] as RoomVersionId[])('any order ends the same in version %s', async (version) => {
    const room = createForeignRoom({ version });
    const joined = room.joinOf(alice);
    const events = randomHistory(room, Number(version));
    const deliver = async (seed: number, isInOrder: boolean) => {
      const db = await openDatabase();
      const { rooms } = openTestRooms(db);
      await rooms.receive.enterRoom(joined);
      const random = seededRandom(seed);
      let waiting = isInOrder ? events : shuffled(events, random);
      while (waiting.length > 0) {
        const size = 1 + random.below(12);
        const again: IncomingEvent[] = [];
        for (const batch of slicesOf(waiting, size)) {
          const fates = await rooms.receive.accept(room.roomId, batch, { as: 'new', onMissing: 'wait' });
          again.push(...batch.filter((_, index) => fates[index]!.fate === 'waiting'));
        }
        expect(again.length).toBeLessThan(waiting.length);
        waiting = again;
      }
      return pictureOf(db, rooms, room.roomId);
    };
    const inOrder = await deliver(1, true);
    expect(inOrder.extremities).toHaveLength(1);
    expect(inOrder.rejected.length).toBeGreaterThan(0);
    for (const seed of [2, 3]) expect(await deliver(seed, false)).toEqual(inOrder);
  });

  test('judging without what is missing ends as judging with it', async () => {
    const room = createForeignRoom();
    const joined = room.joinOf(alice);
    const events = randomHistory(room, 5);
    const deliver = async (order: readonly IncomingEvent[]) => {
      const db = await openDatabase();
      const { rooms } = openTestRooms(db);
      await rooms.receive.enterRoom(joined);
      for (const some of slicesOf(order, 7)) {
        await rooms.receive.accept(room.roomId, some, { as: 'new', onMissing: 'judge' });
      }
      const left = await db.read((tx) => tx.get('SELECT 1 AS "one" FROM rejudgements'));
      expect(left).toBeUndefined();
      return pictureOf(db, rooms, room.roomId);
    };
    expect(await deliver(events.toReversed())).toEqual(await deliver(events));
  });

  test('more forward extremities than an event may follow are followed in part', async () => {
    const db = await openDatabase();
    const { rooms } = openTestRooms(db);
    const room = createForeignRoom();
    await rooms.receive.enterRoom(room.joinOf(alice));
    const fork = [...room.tips];
    const tips = Array.from({ length: 25 }, (_, n) =>
      room.add({ type: 'x.tip', stateKey: `${n}`, sender: bob, content: { n }, prev: fork }),
    );
    await rooms.receive.accept(room.roomId, tips, { as: 'new', onMissing: 'wait' });
    expect(await rooms.receive.extremities(room.roomId)).toHaveLength(25);
    const draft = { type: 'm.room.message', sender: alice as never, content: {} };
    const first = await rooms.send(room.roomId, draft);
    const stored = await db.read((tx) => eventById(tx, first.eventId));
    expect((JSON.parse(stored!.rest) as { prev_events: string[] }).prev_events).toHaveLength(20);
    expect(await rooms.receive.extremities(room.roomId)).toHaveLength(6);
    const second = await rooms.send(room.roomId, draft);
    expect(await rooms.receive.extremities(room.roomId)).toMatchObject([{ eventId: second.eventId }]);
    expect(await (await rooms.view(room.roomId)).all()).toHaveLength(30);
  });

  test('a room that does not allow the join is not entered', async () => {
    const db = await openDatabase();
    const { rooms } = openTestRooms(db);
    const room = createForeignRoom();
    room.member(alice, 'ban', bob);
    await expect(rooms.receive.enterRoom(room.joinOf(alice))).rejects.toMatchObject({ errcode: 'M_FORBIDDEN' });
    expect(await rooms.find(room.roomId)).toBeUndefined();
    const talk = room.say(bob, 'hello');
    const receiving = rooms.receive.accept(room.roomId, [talk], { as: 'new', onMissing: 'wait' });
    await expect(receiving).rejects.toMatchObject({ errcode: 'M_NOT_FOUND' });
  });

  test('outliers wait for their auth events, and events know what is stored of them', async () => {
    const db = await openDatabase();
    const { rooms } = openTestRooms(db);
    const room = createForeignRoom();
    await rooms.receive.enterRoom(room.joinOf(alice));
    const carol = '@carol:third.example';
    const join = room.member(carol, 'join');
    const leave = room.member(carol, 'leave');
    const outliers = (events: IncomingEvent[]) => rooms.receive.acceptOutliers(room.roomId, events);
    expect(await outliers([leave])).toMatchObject([{ fate: 'rejected', failed: { check: 'auth-events-present' } }]);
    expect(await outliers([join])).toMatchObject([{ fate: 'accepted' }]);
    const told = await rooms.receive.stored([leave.event.eventId, join.event.eventId, '$unknown' as EventId]);
    const expected = { roomId: room.roomId, isRejected: false, hasState: false };
    expect(told).toEqual(new Map([leave, join].map(({ event }) => [event.eventId, expected])));
    const fates = await rooms.receive.accept(room.roomId, [leave, join], { as: 'new', onMissing: 'wait' });
    expect(fates).toMatchObject([{ fate: 'accepted' }, { fate: 'accepted' }]);
    expect((await rooms.receive.stored([leave.event.eventId])).get(leave.event.eventId)?.hasState).toBe(true);
  });
});
