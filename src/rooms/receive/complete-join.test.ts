// Rooms that are entered without their members, and made whole later.

import { afterEach, expect, test } from 'vitest';
import { type FreshDatabase, openFreshSqlite } from '../../../tests/harness/databases.ts';
import { createForeignRoom } from '../../../tests/harness/foreign-events.ts';
import { openTestRooms } from '../../../tests/harness/rooms.ts';
import type { EventId } from '../../protocol/ids/branded.ts';
import { eventById, timeline } from '../../storage/stores/events.ts';
import { joinedMembersAfter } from '../../storage/stores/memberships.ts';
import { partialJoinOf } from '../../storage/stores/partial-joins.ts';
import { roomById } from '../../storage/stores/rooms.ts';
import { bytesToHash } from '../state/room-state.ts';
import type { IncomingEvent } from './incoming.ts';

const opened: FreshDatabase[] = [];
afterEach(async () => {
  for (const fresh of opened.splice(0)) await fresh[Symbol.asyncDispose]();
});

const bob = '@bob:elsewhere.example';
const carol = '@carol:third.example';
const dave = '@dave:third.example';
const alice = '@alice:example.org';

const idsOf = (events: readonly IncomingEvent[]): EventId[] => events.map(({ event }) => event.eventId);

/** Alice is in a room of which the members were left out. */
const enterInPart = async ({ banned, leftAndCameBack: back }: { banned?: string; leftAndCameBack?: string } = {}) => {
  const fresh = await openFreshSqlite();
  opened.push(fresh);
  const db = fresh.database;
  const open = () => openTestRooms(db).rooms;
  let rooms = open();
  const room = createForeignRoom();
  const early = [room.member(carol, 'join'), room.member(dave, 'join'), room.say(carol, 'before')];
  if (banned !== undefined) room.member(banned, 'ban', bob);
  if (back !== undefined) for (const membership of ['leave', 'join']) room.member(back, membership);
  const whole = room.joinOf(alice);
  const isMember = ({ event }: IncomingEvent): boolean => event.type === 'm.room.member';
  const state = whole.state.filter((one) => !isMember(one));
  const authChain = whole.authChain.filter((one) => !isMember(one) || one.event.stateKey === bob);
  await rooms.receive.enterRoom({ ...whole, state, authChain, isPartial: true });
  const { nid, roomId } = await rooms.require(room.roomId);
  return {
    db,
    room,
    roomId,
    early,
    join: whole.join,
    restart: () => {
      rooms = open();
    },
    fatesOf: async (events: readonly IncomingEvent[]) =>
      (await rooms.receive.accept(roomId, events, { as: 'new', onMissing: 'wait' })).map(({ fate }) => fate),
    outliers: (events: readonly IncomingEvent[]) => rooms.receive.acceptOutliers(roomId, events),
    complete: async () => {
      await rooms.receive.storeState(roomId, [...whole.authChain, ...whole.state]);
      await rooms.receive.completeJoin({ roomId, joinEventId: whole.join.event.eventId, state: idsOf(whole.state) });
    },
    completeWith: async (events: readonly IncomingEvent[]) => {
      await rooms.receive.storeState(roomId, events);
      await rooms.receive.completeJoin({ roomId, joinEventId: whole.join.event.eventId, state: idsOf(events) });
    },
    storeState: (events: readonly IncomingEvent[]) => rooms.receive.storeState(roomId, events),
    whole,
    send: (body: string) =>
      rooms.send(roomId, { type: 'm.room.message', sender: alice as never, content: { body, msgtype: 'm.text' } }),
    members: async () =>
      (await db.read((tx) => joinedMembersAfter(tx, nid, undefined, 100_000))).map(({ userId }) => userId).sort(),
    stateAfter: async (id: EventId) => {
      const root = (await db.read((tx) => eventById(tx, id)))!.stateRoot!;
      return (await rooms.state.entries(bytesToHash(root))).size;
    },
    isPartial: async () => (await db.read((tx) => roomById(tx, roomId)))!.isPartial,
    partialJoin: () => db.read((tx) => partialJoinOf(tx, roomId)),
    verdict: async (id: EventId) => (await db.read((tx) => eventById(tx, id)))?.verdict,
    timeline: async () => {
      const range = { room: nid, after: -(2 ** 50), upTo: 2 ** 50, backwards: false, limit: 10_000 };
      return (await db.read((tx) => timeline(tx, range))).map(({ eventId }) => eventId);
    },
  };
};

test('members who are not known may speak, and are known when the room is whole', async () => {
  const { room, join, early, fatesOf, outliers, complete, send, members, ...see } = await enterInPart();
  expect(await see.isPartial()).toBe(true);
  expect(await see.partialJoin()).toMatchObject({ joinEventId: join.event.eventId, via: join.source, attempts: 0 });
  await outliers([early[0]!]);
  const said = room.say(carol, 'hello');
  expect(await fatesOf([said])).toEqual(['accepted']);
  const own = await send('hello carol');
  expect(await members()).toEqual([alice, carol].sort());

  await complete();
  expect(await see.isPartial()).toBe(false);
  expect(await see.partialJoin()).toBeUndefined();
  expect(await members()).toEqual([alice, bob, carol, dave].sort());
  expect(await see.timeline()).toEqual([join.event.eventId, said.event.eventId, own.eventId]);
  // create, power_levels, join_rules and four members.
  for (const id of [join.event.eventId, said.event.eventId, own.eventId]) expect(await see.stateAfter(id)).toBe(7);
  expect(await fatesOf([room.say(dave, 'and me', { prev: [said.event.eventId] })])).toEqual(['accepted']);
});

test('what happened meanwhile stands upon the whole state, after a restart as well', async () => {
  const { room, early, fatesOf, outliers, complete, members, restart, ...see } = await enterInPart();
  await outliers([early[0]!, early[1]!]);
  const events = [
    room.member(dave, 'leave'),
    room.add({ type: 'm.room.topic', stateKey: '', sender: bob, content: { topic: 'x' } }),
    room.member('@erin:third.example', 'join'),
  ];
  await outliers(room.authChain(events).filter(({ event }) => event.type === 'm.room.member'));
  expect(await fatesOf(events)).toEqual(['accepted', 'accepted', 'accepted']);
  restart();
  await complete();
  expect(await members()).toEqual([alice, bob, carol, '@erin:third.example'].sort());
  expect(await see.stateAfter(events[2]!.event.eventId)).toBe(9);
  await complete();
});

test('what was judged without the members is judged again with them', async () => {
  const { room, early, fatesOf, outliers, complete, ...see } = await enterInPart({ banned: dave });
  await outliers(early);
  // By its auth_events dave is still joined: only the members, who are not known here, tell of the ban.
  const auth = room.make({ type: 'm.room.message', sender: carol }).event.authEvents;
  const carols = early[0]!.event.eventId;
  const daves = early[1]!.event.eventId;
  const late = room.make({
    type: 'm.room.message',
    sender: dave,
    content: { body: 'I am here', msgtype: 'm.text' },
    auth: auth.map((id) => (id === carols ? daves : id)),
  });
  expect(await fatesOf([late])).toEqual(['accepted']);
  const after = room.say(carol, 'who said that?', { prev: [late.event.eventId] });
  expect(await fatesOf([after])).toEqual(['accepted']);
  await complete();
  expect(await see.verdict(late.event.eventId)).toBe(2);
  expect(await see.verdict(after.event.eventId)).toBe(0);
  // create, power_levels, join_rules and four members.
  expect(await see.stateAfter(after.event.eventId)).toBe(7);
});

test('what was refused by a state that was not whole is accepted with the whole one', async () => {
  const { room, early, fatesOf, outliers, complete, ...see } = await enterInPart({ leftAndCameBack: dave });
  const daves = [...room.events.values()].filter(
    ({ event }) => event.type === 'm.room.member' && event.stateKey === dave,
  );
  const [, left, back] = daves;
  await outliers([...early, left!, back!]);
  const authOf = (sender: string) => room.make({ type: 'm.room.message', sender }).event.authEvents;
  // Only who knows the members sees that dave has come back, and cannot be invited.
  const rules = [...room.events.values()].find(({ event }) => event.type === 'm.room.join_rules')!.event.eventId;
  const invite = room.make({
    type: 'm.room.member',
    stateKey: dave,
    sender: bob,
    content: { membership: 'invite' },
    auth: [...authOf(bob), rules, left!.event.eventId],
  });
  await outliers(room.authChain([invite]));
  expect(await fatesOf([invite])).toEqual(['accepted']);
  const own = [...authOf(bob).slice(0, 2), back!.event.eventId];
  const said = room.make({ type: 'm.room.message', sender: dave, prev: [invite.event.eventId], auth: own });
  expect(await fatesOf([said])).toEqual(['rejected']);
  await complete();
  expect(await see.verdict(invite.event.eventId)).toBe(2);
  expect(await see.verdict(said.event.eventId)).toBe(0);
  expect((await see.timeline()).at(-1)).toBe(said.event.eventId);
});

test('a told state that refuses the join changes nothing', async () => {
  const { room, whole, join, complete, completeWith, send, members, ...see } = await enterInPart();
  const own = await send('hello');
  const ban = room.member(alice, 'ban', bob);
  const told = [...whole.state.filter(({ event }) => event.stateKey !== alice), ban];
  const before = await see.stateAfter(own.eventId);
  await expect(completeWith(told)).rejects.toMatchObject({ errcode: 'M_FORBIDDEN' });
  expect(await see.isPartial()).toBe(true);
  expect(await see.stateAfter(own.eventId)).toBe(before);
  expect(await members()).toEqual([alice]);
  await send('still here');
  await complete();
  expect(await see.isPartial()).toBe(false);
  expect(await see.verdict(join.event.eventId)).toBe(0);
  expect(await members()).toEqual([alice, bob, carol, dave].sort());
});

test('state that comes in parts is judged by what came before, and again once more has come', async () => {
  const { whole, storeState, members, complete, ...see } = await enterInPart({ leftAndCameBack: dave });
  const inParts = [...whole.state, ...whole.authChain].toReversed();
  for (const one of inParts) await storeState([one]);
  for (const { event } of inParts) expect([event.type, await see.verdict(event.eventId)]).toEqual([event.type, 0]);
  await complete();
  expect(await members()).toEqual([alice, bob, carol, dave].sort());
});
