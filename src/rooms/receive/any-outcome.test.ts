// Of a conflict may come what no branch has at its end: an event that all ends allow is held back all the same.

import { expect, test } from 'vitest';
import { openFreshSqlite } from '../../../tests/harness/databases.ts';
import { createForeignRoom } from '../../../tests/harness/foreign-events.ts';
import { openTestRooms } from '../../../tests/harness/rooms.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { EventId } from '../../protocol/ids/branded.ts';
import type { IncomingEvent } from './incoming.ts';

const [bob, dave] = ['@bob:elsewhere.example', '@dave:third.example'] as const;
const [erin, frank] = ['@erin:third.example', '@frank:third.example'] as const;

test('an event is held back by power levels that are at the end of no branch', async () => {
  await using fresh = await openFreshSqlite();
  const { rooms } = openTestRooms(fresh.database);
  const room = createForeignRoom();
  await rooms.receive.enterRoom(room.joinOf('@alice:example.org'));
  const fatesOf = async (events: readonly IncomingEvent[]): Promise<string[]> => {
    const fates = await rooms.receive.accept(room.roomId, events, { as: 'new', onMissing: 'wait' });
    return fates.map(({ fate }) => fate);
  };
  const set = (type: string, sender: string, content: JsonObject, prev: readonly EventId[]): IncomingEvent =>
    room.add({ type, stateKey: '', sender, content, prev });
  const levels = (sender: string, topic: number, prev: readonly EventId[]): IncomingEvent => {
    const users = { [bob]: 100, [dave]: 80, [erin]: 50 };
    return set('m.room.power_levels', sender, { users, events: { 'm.room.topic': topic } }, prev);
  };
  const joins = [room.member(dave, 'join'), room.member(erin, 'join')];
  const base = levels(bob, 50, room.tips);
  const start = [base.event.eventId];
  // On one branch dave is banned after bob set the levels; on the other dave changes what bob set there last.
  const other = levels(bob, 50, start);
  const strict = levels(bob, 60, start);
  const ban = room.member(dave, 'ban', bob, { prev: [other.event.eventId] });
  await fatesOf([...joins, base, other, strict, ban]);
  const lax = levels(dave, 50, [strict.event.eventId]);
  const name = set('m.room.name', erin, { name: 'x' }, [lax.event.eventId]);
  const first = set('m.room.topic', erin, { topic: '1' }, [name.event.eventId]);
  const join = room.member(frank, 'join', frank, { prev: [name.event.eventId] });
  const second = set('m.room.topic', erin, { topic: '2' }, [join.event.eventId]);
  const fates = await fatesOf([lax, name, first, join, second]);
  expect(fates).toEqual(['soft-failed', 'accepted', 'soft-failed', 'accepted', 'soft-failed']);
});
