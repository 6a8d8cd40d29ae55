// A member who comes back on one branch changes who had the power to set what is in conflict: nothing that was worked out before
// holds any more.

import { expect, test } from 'vitest';
import { openFreshSqlite } from '../../../tests/harness/databases.ts';
import { createForeignRoom } from '../../../tests/harness/foreign-events.ts';
import { openTestRooms } from '../../../tests/harness/rooms.ts';
import type { EventId } from '../../protocol/ids/branded.ts';
import type { IncomingEvent } from './incoming.ts';

const [bob, carol, dave] = ['@bob:elsewhere.example', '@carol:third.example', '@dave:third.example'] as const;
const idOf = ({ event }: IncomingEvent): EventId => event.eventId;

test('an event is judged by what a join on its branch makes of the power levels', async () => {
  await using fresh = await openFreshSqlite();
  const { rooms } = openTestRooms(fresh.database);
  const room = createForeignRoom();
  await rooms.receive.enterRoom(room.joinOf('@alice:example.org'));
  const fatesOf = async (events: readonly IncomingEvent[], options: object = {}): Promise<string[]> => {
    const fates = await rooms.receive.accept(room.roomId, events, { as: 'new', onMissing: 'wait', ...options });
    return fates.map(({ fate }) => fate);
  };
  const power = (sender: string, more: object, prev: readonly EventId[]): IncomingEvent => {
    const content = { users: { [bob]: 100, [carol]: 100, ...more } };
    return room.add({ type: 'm.room.power_levels', stateKey: '', sender, content, prev });
  };
  const topic = (prev: IncomingEvent): IncomingEvent =>
    room.add({ type: 'm.room.topic', stateKey: '', sender: dave, content: { topic: 'x' }, prev: [idOf(prev)] });
  const joins = [room.member(carol, 'join'), room.member(dave, 'join')];
  const levels = power(bob, {}, room.tips);
  const base = [idOf(levels)];
  // On one branch carol gave dave power before she left; on the other she left as well, and dave has none.
  const [without, withDave] = [power(bob, { [dave]: 10 }, base), power(carol, { [dave]: 50 }, base)];
  const left = room.member(carol, 'leave', carol, { prev: [idOf(withDave)] });
  await fatesOf([...joins, levels, without, withDave, left]);
  const lost = room.say(bob, 'lost', { prev: [idOf(without)] });
  const met = room.say(bob, 'met', { prev: [idOf(without), idOf(lost)] });
  const others = room.stateEvents(idOf(without)).filter(({ event }) => event.stateKey !== carol);
  const statesBefore = new Map([[idOf(met), [...others, left].map(idOf)]]);
  expect(await fatesOf([met], { statesBefore })).toEqual(['accepted']);
  // What carol set counts nothing while she has left by all accounts. By one account she is back then.
  const said = room.say(bob, 'said', { prev: [idOf(left)] });
  const back = room.member(carol, 'join', carol, { prev: [idOf(said)] });
  const events = [said, topic(said), back, topic(back)];
  expect(await fatesOf(events)).toEqual(['accepted', 'soft-failed', 'accepted', 'accepted']);
});
