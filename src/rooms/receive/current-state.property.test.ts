// Events of a forked room are judged in one batch as they are one by one by servers that remember nothing: what is worked out once
// for several of them, and what is not worked out because it makes no difference, says of each what the current state says.

import { afterAll, expect, test } from 'vitest';
import { type FreshDatabase, openFreshSqlite } from '../../../tests/harness/databases.ts';
import { createForeignRoom } from '../../../tests/harness/foreign-events.ts';
import { openTestRooms } from '../../../tests/harness/rooms.ts';
import { type SeededRandom, seededRandom } from '../../../tests/harness/seeded-random.ts';
import { slicesOf } from '../../lib/slices-of.ts';
import type { EventId } from '../../protocol/ids/branded.ts';
import type { IncomingEvent } from './incoming.ts';
import { orderEvents, referencesIn } from './order-events.ts';

const STORIES = 10;
const EVENTS = 30;
const PART = 4;
const BRANCHES = 2;
const VERSIONS = ['1', '6', '10', '11', '12'] as const;
const people = ['@bob:elsewhere.example', '@carol:third.example', '@dave:third.example', '@erin:fourth.example'];
const alice = '@alice:example.org';

const opened: FreshDatabase[] = [];
afterAll(async () => {
  for (const fresh of opened) await fresh[Symbol.asyncDispose]();
});

/** Gives the rooms of a database, every time anew or always the same. */
const openRooms = async (isNew: boolean) => {
  const fresh = await openFreshSqlite();
  opened.push(fresh);
  const { rooms } = openTestRooms(fresh.database);
  return () => (isNew ? openTestRooms(fresh.database).rooms : rooms);
};
type OpenRooms = Awaited<ReturnType<typeof openRooms>>;

/** Two branches on which people fight for power while they set other things. */
const tell = (random: SeededRandom, name: string) => {
  const room = createForeignRoom({ version: random.pick(VERSIONS), name });
  const [bob] = people as [string];
  const users = (more: object = {}) => ({
    users: { ...(room.version.privilegedCreators ? {} : { [bob]: 100 }), ...more },
  });
  const set = (type: string, sender: string, content: object, prev: readonly EventId[]): IncomingEvent =>
    room.add({ type, stateKey: '', sender, content: content as never, prev });
  for (const person of people.slice(1)) room.member(person, 'join');
  set('m.room.power_levels', bob, users({ [people[1]!]: 60, [people[2]!]: 50 }), room.tips);
  const joined = room.joinOf(alice);
  const ends = Array.from({ length: BRANCHES }, () => [joined.join.event.eventId]);
  const deed = (): IncomingEvent => {
    const branch = random.below(BRANCHES);
    const [sender, other] = [random.pick(people), random.pick(people.slice(1))];
    const prev = ends[branch]!;
    const made = random.pick<() => IncomingEvent>([
      () => set('m.room.topic', sender, { topic: String(random.below(9)) }, prev),
      () => set('m.room.name', sender, { name: String(random.below(9)) }, prev),
      () => set('test.other', sender, { n: random.below(9) }, prev),
      () => room.say(sender, 'something', { prev }),
      () => set('m.room.power_levels', sender, users({ [other]: random.pick([0, 50, 60]) }), prev),
      () => set('m.room.join_rules', sender, { join_rule: random.pick(['public', 'invite']) }, prev),
      () => room.member(other, random.pick(['ban', 'leave', 'invite']), sender, { prev }),
      () => room.member(other, random.pick(['join', 'leave']), other, { prev }),
    ])();
    ends[branch] = [made.event.eventId];
    return made;
  };
  // In the order in which a batch is judged.
  const events = orderEvents(Array.from({ length: EVENTS }, deed), referencesIn(room.version, 'all'));
  return { room, joined, events };
};

const judged = async (rooms: OpenRooms, { room, joined, events }: ReturnType<typeof tell>, batchSize: number) => {
  await rooms().receive.enterRoom(joined);
  const fates: string[] = [];
  for (const batch of slicesOf(events, batchSize)) {
    const options = { as: 'new', onMissing: 'judge' } as const;
    for (const { fate } of await rooms().receive.accept(room.roomId, batch, options)) fates.push(fate);
  }
  const state = (await (await rooms().view(room.roomId)).all()).map(({ eventId }) => eventId).sort();
  return { fates, state };
};

test('events judged in one batch meet the same fates as one by one', async () => {
  const [atOnce, inParts, oneByOne] = [await openRooms(false), await openRooms(false), await openRooms(true)];
  const fates = new Set<string>();
  for (let seed = 1; seed <= STORIES; seed++) {
    const story = tell(seededRandom(seed), `.${seed}`);
    const together = await judged(atOnce, story, EVENTS);
    expect(together, `seed ${seed}`).toEqual(await judged(oneByOne, story, 1));
    expect(together, `seed ${seed}`).toEqual(await judged(inParts, story, PART));
    for (const fate of together.fates) fates.add(fate);
  }
  expect([...fates].sort()).toEqual(['accepted', 'rejected', 'soft-failed']);
});
