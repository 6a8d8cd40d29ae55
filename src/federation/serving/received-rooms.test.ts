// What is told of rooms that this server entered through another one: outliers, verdicts, states that are not whole.

import { afterEach, expect, test } from 'vitest';
import { type FreshDatabase, openFreshSqlite } from '../../../tests/harness/databases.ts';
import { createForeignRoom } from '../../../tests/harness/foreign-events.ts';
import { openTestRooms } from '../../../tests/harness/rooms.ts';
import type { EventId, ServerName } from '../../protocol/ids/branded.ts';
import type { IncomingEvent } from '../../rooms/receive/incoming.ts';
import { createServing } from './serving.ts';
import type { TextParts } from './texts-in-parts.ts';

const opened: FreshDatabase[] = [];
afterEach(async () => {
  for (const fresh of opened.splice(0)) await fresh[Symbol.asyncDispose]();
});

const bob = '@bob:elsewhere.example';
const carol = '@carol:third.example';
const alice = '@alice:example.org';
const elsewhere = 'elsewhere.example' as ServerName;
const third = 'third.example' as ServerName;

const idsOf = (events: readonly IncomingEvent[]): EventId[] => events.map(({ event }) => event.eventId);
const all = async (parts: TextParts): Promise<string[]> => (await Array.fromAsync(parts)).flat();

const enter = async ({ isPartial = false } = {}) => {
  const fresh = await openFreshSqlite();
  opened.push(fresh);
  const { rooms } = openTestRooms(fresh.database);
  const room = createForeignRoom();
  const name = room.add({ type: 'm.room.name', stateKey: '', sender: bob, content: { name: 'old' } });
  room.add({ type: 'm.room.name', stateKey: '', sender: bob, content: { name: 'new' } });
  const joined = room.joinOf(alice);
  await rooms.receive.enterRoom({ ...joined, isPartial });
  const accept = (events: readonly IncomingEvent[], options: object = {}) =>
    rooms.receive.accept(room.roomId, events, { as: 'new', onMissing: 'wait', ...options });
  return { serving: createServing({ db: fresh.database, rooms }), rooms, room, joined, name, accept };
};

test('the state at the join is that which was given, with its auth chain, as it was signed', async () => {
  const { serving, room, joined } = await enter();
  const ids = await serving.stateIds(elsewhere, room.roomId, joined.join.event.eventId);
  const parsed = (texts: string[]): string[] => texts.map((text) => JSON.parse(text) as string).sort();
  expect(parsed(await all(ids.state))).toEqual(idsOf(joined.state).sort());
  expect(parsed(await all(ids.authChain))).toEqual(idsOf(room.authChain(joined.state)).sort());
  const whole = await serving.state(elsewhere, room.roomId, joined.join.event.eventId);
  expect((await all(whole.state)).sort()).toEqual(joined.state.map(({ pduJson }) => pduJson).sort());
});

test('state and auth events without a place in the graph are given whole', async () => {
  const { serving, room, joined, name } = await enter();
  for (const { event, pduJson } of joined.state) expect(await serving.event(elsewhere, event.eventId)).toBe(pduJson);
  const outlier = room.make({ type: 'm.room.topic', stateKey: '', sender: bob, content: { topic: 'x' } });
  await expect(serving.event(elsewhere, name.event.eventId)).rejects.toMatchObject({ errcode: 'M_NOT_FOUND' });
  await expect(serving.event(elsewhere, outlier.event.eventId)).rejects.toMatchObject({ errcode: 'M_NOT_FOUND' });
  const state = serving.stateIds(elsewhere, room.roomId, joined.state[0]!.event.eventId);
  await expect(state).rejects.toMatchObject({ errcode: 'M_NOT_FOUND' });
});

test('rejected and soft-failed events are not given out as history, and rejected ones not at all', async () => {
  const { serving, room, accept } = await enter();
  const join = room.member(carol, 'join');
  const ban = room.member(carol, 'ban', bob);
  await accept([join, ban]);
  const late = room.say(carol, 'late', { prev: [join.event.eventId] });
  const forbidden = room.say('@mallory:evil.example', 'no', { prev: [ban.event.eventId] });
  const prev = [late.event.eventId, forbidden.event.eventId];
  const after = room.say(bob, 'after', { prev });
  const fates = await accept([late, forbidden, after]);
  expect(fates.map(({ fate }) => fate)).toEqual(['soft-failed', 'rejected', 'accepted']);
  const history = await serving.backfill(elsewhere, room.roomId, [after.event.eventId], 100);
  expect(history.slice(0, 3)).toEqual([after, ban, join].map(({ pduJson }) => pduJson));
  expect(await serving.event(elsewhere, late.event.eventId)).toBe(late.pduJson);
  const rejected = forbidden.event.eventId;
  for (const answer of [
    serving.event(elsewhere, rejected),
    serving.stateIds(elsewhere, room.roomId, rejected),
    serving.eventAuth(elsewhere, room.roomId, rejected),
  ]) {
    await expect(answer).rejects.toMatchObject({ errcode: 'M_NOT_FOUND' });
  }
  // Its user is banned: it may ask for what was there until then.
  expect(await serving.event(third, join.event.eventId)).toBe(join.pduJson);
  expect(await serving.event(third, ban.event.eventId)).toBe(ban.pduJson);
  await expect(serving.event(third, after.event.eventId)).rejects.toMatchObject({ errcode: 'M_NOT_FOUND' });
  await expect(serving.event('evil.example' as ServerName, late.event.eventId)).rejects.toMatchObject({ status: 404 });
});

test('the state before a fork is resolved is that of each side', async () => {
  const { serving, room, accept } = await enter();
  const [tip] = room.tips;
  const topic = (text: string, prev: readonly EventId[]) =>
    room.add({ type: 'm.room.topic', stateKey: '', sender: bob, content: { topic: text }, prev });
  const left = topic('left', [tip!]);
  const right = topic('right', [tip!]);
  const ofLeft = room.say(bob, 'left', { prev: [left.event.eventId] });
  const ofRight = room.say(bob, 'right', { prev: [right.event.eventId] });
  await accept([left, right, ofLeft, ofRight]);
  const topicAt = async ({ event }: IncomingEvent): Promise<string[]> => {
    const { state } = await serving.stateIds(elsewhere, room.roomId, event.eventId);
    const ids = (await all(state)).map((text) => JSON.parse(text) as string);
    return [left, right]
      .filter((each) => ids.includes(each.event.eventId))
      .map(({ event: { content } }) => content.topic as string);
  };
  expect(await topicAt(left)).toEqual([]);
  expect(await topicAt(ofLeft)).toEqual(['left']);
  expect(await topicAt(ofRight)).toEqual(['right']);
  const ends = [ofLeft.event.eventId, ofRight.event.eventId];
  const question = { earliest: [tip!], latest: ends, limit: 10, minDepth: 0 };
  const between = await serving.missingEvents(elsewhere, room.roomId, question);
  expect(between.toSorted()).toEqual([left.pduJson, right.pduJson].toSorted());
});

test('a room whose state is not whole here answers no questions about states', async () => {
  const { serving, room, joined, accept } = await enter({ isPartial: true });
  const said = room.say(bob, 'hello');
  await accept([said]);
  for (const answer of [
    serving.state(elsewhere, room.roomId, joined.join.event.eventId),
    serving.stateIds(elsewhere, room.roomId, joined.join.event.eventId),
  ]) {
    const message = expect.stringContaining('does not know the whole state');
    await expect(answer).rejects.toMatchObject({ status: 403, errcode: 'M_FORBIDDEN', message });
  }
  expect(await serving.event(elsewhere, said.event.eventId)).toBe(said.pduJson);
});
