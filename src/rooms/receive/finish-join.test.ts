// What follows from the state of a room that was entered in part: written bit by bit, by servers that die meanwhile.

import { expect, test } from 'vitest';
import { openFreshSqlite } from '../../../tests/harness/databases.ts';
import { createForeignRoom } from '../../../tests/harness/foreign-events.ts';
import { mortalDatabase } from '../../../tests/harness/mortal-database.ts';
import { openTestRooms } from '../../../tests/harness/rooms.ts';
import type { UserId } from '../../protocol/ids/branded.ts';
import type { Database, Writer } from '../../storage/database.ts';
import { eventById } from '../../storage/stores/events.ts';
import { joinedMembersAfter } from '../../storage/stores/memberships.ts';
import { isStateWhole } from '../../storage/stores/partial-joins.ts';
import { probe } from '../../storage/stores/probe.ts';
import { roomById } from '../../storage/stores/rooms.ts';
import { joinedMembers } from '../read/list-members.ts';

const alice = '@alice:example.org' as UserId;
/** More than are written at once. */
const MEMBERS = 1100;
/** Rows that one write may have to do with. */
const ROWS_MAX = 500;

/** A room of many members whom alice does not know yet; one of them is banned. */
const enterLargeRoom = async (db: Database) => {
  const room = createForeignRoom();
  const { rooms } = openTestRooms(db);
  const member = (user: string, membership: string, sender = user) =>
    room.make({ type: 'm.room.member', stateKey: user, sender, content: { membership }, prev });
  const prev = room.tips;
  const base = room.stateEvents(prev[0]!);
  const people = Array.from({ length: MEMBERS }, (_, index) => `@user${index}:server${index % 9}.example`);
  const members = people.map((user) => member(user, 'join'));
  const banned = '@banned:server1.example';
  const came = member(banned, 'join');
  const ban = member(banned, 'ban', room.creator);
  const join = room.member(alice, 'join', alice, { prev });
  const state = base.filter(({ event }) => event.type !== 'm.room.member');
  await rooms.receive.enterRoom({
    ...{ roomId: room.roomId, version: room.version, join, state },
    authChain: room.authChain([join]),
    isPartial: true,
  });
  await rooms.receive.storeState(room.roomId, [...base, came, ...members, ban]);
  // By its auth_events the banned one is still joined.
  const auth = room.make({ type: 'm.room.message', sender: room.creator }).event.authEvents;
  const [create, levels] = auth;
  const said = room.make({ type: 'm.room.message', sender: banned, auth: [create!, levels!, came.event.eventId] });
  await rooms.receive.accept(room.roomId, [said], { as: 'new', onMissing: 'wait' });
  const { nid } = await rooms.require(room.roomId);
  const told = {
    roomId: room.roomId,
    joinEventId: join.event.eventId,
    state: [...base, ...members, ban].map(({ event }) => event.eventId),
  };
  /** Of the member with this number, on the way from the join. */
  const leaveOf = (index: number) => {
    const user = people[index]!;
    const own = members[index]!.event.eventId;
    const content = { membership: 'leave' };
    const after = [join.event.eventId];
    return room.make({
      type: 'm.room.member',
      stateKey: user,
      sender: user,
      content,
      prev: after,
      auth: [create!, levels!, own],
    });
  };
  return { nid, said: said.event.eventId, told, leaveOf };
};

type Large = Awaited<ReturnType<typeof enterLargeRoom>>;

const seenOf = (db: Database, { told, said, nid }: Large) =>
  db.read(async (tx) => ({
    isPartial: (await roomById(tx, told.roomId))!.isPartial,
    isStateWhole: await isStateWhole(tx, nid),
    verdict: (await eventById(tx, said))!.verdict,
  }));

test('a room is shown as whole once its members are known and its verdicts are those of the whole state', async () => {
  await using fresh = await openFreshSqlite();
  const db = fresh.database;
  const large = await enterLargeRoom(db);
  expect(await seenOf(db, large)).toEqual({ isPartial: true, isStateWhole: false, verdict: 0 });
  const seen: ReturnType<typeof seenOf>[] = [];
  db.onCommit(() => seen.push(seenOf(db, large)));
  const memberRows: number[] = [];
  const counted: Database = {
    ...db,
    write: <A, R>(writer: Writer<A, R>, args: A) => {
      const { memberships, rows } = args as { memberships?: readonly unknown[]; rows?: readonly unknown[] };
      memberRows.push((memberships ?? rows ?? []).length);
      return db.write(writer, args);
    },
  };
  const { rooms } = openTestRooms(counted);
  await rooms.receive.completeJoin(large.told);
  const views = await Promise.all(seen);
  expect(views).toContainEqual({ isPartial: true, isStateWhole: true, verdict: 0 });
  expect(views.at(-1)).toEqual({ isPartial: false, isStateWhole: false, verdict: 2 });
  expect(views.filter(({ isPartial, verdict }) => !isPartial && verdict !== 2)).toEqual([]);
  expect(Math.max(...memberRows)).toBeLessThanOrEqual(ROWS_MAX);
  expect(await db.read((tx) => joinedMembersAfter(tx, large.nid, undefined, 100_000))).toHaveLength(MEMBERS + 2);
  // More than a page of them.
  const joined = (await Array.fromAsync(joinedMembers(db, large.nid))).join('');
  expect(Object.keys(JSON.parse(joined) as object)).toHaveLength(MEMBERS + 2);
});

/** Dies with the `count`th write, which is done. Tells of each before it is made. */
const dyingDatabase = (db: Database, count: number, onWrite: (name: string) => void) => {
  const mortal = mortalDatabase(db, db.headAtOpen);
  const { promise: died, resolve: die } = Promise.withResolvers<void>();
  let left = count;
  const database: Database = {
    ...mortal,
    write<A, R>(writer: Writer<A, R>, args: A) {
      onWrite(writer.name);
      left -= 1;
      if (left === 0) mortal.killAfterWrite();
      const answer = mortal.write(writer, args);
      // Writes follow each other.
      if (left === 0) db.write(probe, undefined).then(() => die(), die);
      return answer;
    },
  };
  return { database, died };
};

test('a server that dies after any write goes on, and what happens meanwhile stays', async () => {
  await using fresh = await openFreshSqlite();
  const db = fresh.database;
  const large = await enterLargeRoom(db);
  const { told } = large;
  let lives = 0;
  for (let isPartial = true; isPartial; { isPartial } = await seenOf(db, large)) {
    lives += 1;
    // While the members are written some leave, of whom some are still to be written.
    const leaves = Array.from({ length: 16 }, (_, one) => large.leaveOf(lives * 16 + one));
    let leaving: Promise<unknown> | undefined;
    const { database, died } = dyingDatabase(db, lives, (name) => {
      if (name !== 'storeMemberships' || leaving) return;
      leaving = rooms.receive.accept(told.roomId, leaves, { as: 'new', onMissing: 'wait' });
    });
    const { rooms } = openTestRooms(database);
    const { isStateWhole } = await seenOf(db, large);
    const finished = isStateWhole ? rooms.receive.finishJoin(told.roomId) : rooms.receive.completeJoin(told);
    await Promise.race([finished.then(() => leaving), died]);
  }
  expect(lives).toBeGreaterThan(5);
  const { rooms } = openTestRooms(db);
  await rooms.send(told.roomId, {
    type: 'm.room.message',
    sender: alice,
    content: { body: 'whole', msgtype: 'm.text' },
  });
  const joined = (await db.read((tx) => joinedMembersAfter(tx, large.nid, undefined, 100_000))).map(
    ({ userId }) => userId,
  );
  const state = await (await rooms.view(told.roomId)).all();
  const inState = state.filter(({ type, content }) => type === 'm.room.member' && content.membership === 'join');
  expect(new Set(joined)).toEqual(new Set(inState.map(({ stateKey }) => stateKey)));
  expect(joined.length).toBeLessThan(MEMBERS);
});
