// The states that the engine works out from trees, from what it remembers and from what events change, are those that the plain
// algorithm makes of whole states and whole auth chains.

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FreshDatabase, openFreshSqlite } from '../../../tests/harness/databases.ts';
import { createForeignRoom, type ForeignEvent } from '../../../tests/harness/foreign-events.ts';
import { openTestRooms } from '../../../tests/harness/rooms.ts';
import { authEventKeys } from '../../protocol/auth-rules/auth-event-keys.ts';
import { authoriseEvent } from '../../protocol/auth-rules/authorise-event.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { RoomEvent } from '../../protocol/events/room-event.ts';
import type { EventId, UserId } from '../../protocol/ids/branded.ts';
import type { RoomVersionId } from '../../protocol/room-versions/room-version.ts';
import type { StateMap } from '../../protocol/state-resolution/resolution.ts';
import { resolveState } from '../../protocol/state-resolution/resolve-state.ts';
import { stateKeyOf } from '../../protocol/state-resolution/state-key.ts';
import { eventsById } from '../../storage/stores/events.ts';
import type { IncomingEvent } from '../receive/incoming.ts';
import type { Rooms } from '../rooms.ts';
import { bytesToHash } from '../state/room-state.ts';

let fresh: FreshDatabase;
let rooms: Rooms;
beforeAll(async () => {
  fresh = await openFreshSqlite();
  // One engine for all rooms: what it remembers of one must not show in another.
  ({ rooms } = openTestRooms(fresh.database));
});
afterAll(() => fresh[Symbol.asyncDispose]());

const people = ['@bob:elsewhere.example', '@carol:third.example', '@dave:elsewhere.example', '@erin:third.example'];

/** One attempt of somebody to change the room, on top of some of the latest events. `ends`: the server gets it and those before. */
const attempt = fc.record({
  what: fc.constantFrom('join', 'leave', 'kick', 'ban', 'invite', 'topic', 'levels', 'rules', 'message'),
  who: fc.nat(people.length - 1),
  whom: fc.nat(people.length - 1),
  level: fc.constantFrom(0, 50, 60, 100),
  back: fc.array(fc.nat(7), { minLength: 1, maxLength: 3 }),
  ts: fc.nat(20),
  ends: fc.boolean(),
});
type Attempt = typeof attempt extends fc.Arbitrary<infer T> ? T : never;

const sketchOf = ({ what, who, whom, level }: Attempt, isV12: boolean): ForeignEvent => {
  const [sender, target] = [people[who]!, people[whom]!];
  const member = (stateKey: string, membership: string) => ({ membership, displayname: stateKey.slice(1, 3) });
  const state = (type: string, content: JsonObject, stateKey = ''): ForeignEvent => ({
    type,
    sender,
    stateKey,
    content,
  });
  switch (what) {
    case 'join':
    case 'leave':
      return state('m.room.member', member(sender, what), sender);
    case 'kick':
      return state('m.room.member', member(target, 'leave'), target);
    case 'ban':
    case 'invite':
      return state('m.room.member', member(target, what), target);
    case 'levels': {
      const users = { ...(isV12 ? {} : { [people[0]!]: 100 }), [people[1]!]: 50 };
      const changed = target === people[0] ? users : { ...users, [target]: level };
      return state('m.room.power_levels', { users: changed, events: { 'm.room.power_levels': 50 } });
    }
    case 'rules':
      return state('m.room.join_rules', { join_rule: level > 50 ? 'invite' : 'public' });
    case 'topic':
      return state('m.room.topic', { topic: `${level}` });
    default:
      return { type: 'm.room.message', sender, content: { body: what } };
  }
};

const sorted = (state: Iterable<readonly [string, string]>): string[] =>
  Array.from(state, (entry) => entry.join(' ')).sort();

let count = 0;

/** A room as the plain algorithm sees it, beside the same room of the engine. */
const openRoom = async (version: RoomVersionId) => {
  const foreign = createForeignRoom({ version, name: `p${count++}` });
  const joined = foreign.joinOf('@alice:example.org');
  await rooms.receive.enterRoom(joined);
  const { roomId } = foreign;
  const room = await rooms.require(roomId);
  const eventOf = (id: EventId): RoomEvent | undefined => foreign.events.get(id)?.event;
  const create = joined.state.find(({ event }) => event.type === 'm.room.create')!.event;
  const stateOf = (events: readonly RoomEvent[]): StateMap =>
    new Map(events.map((event) => [stateKeyOf(event.type, event.stateKey!), event.eventId]));
  const rejected = new Set<EventId>();
  const after = new Map<EventId, StateMap>();
  after.set(joined.join.event.eventId, stateOf([...joined.state, joined.join].map(({ event }) => event)));
  const names = [joined.join.event.eventId];
  const resolve = (ids: readonly EventId[]): StateMap => {
    const stateSets = ids.map((id) => after.get(id)!);
    const isRejected = (id: EventId): boolean => rejected.has(id);
    const { state, missing } = resolveState({ version: room.version, create, stateSets, event: eventOf, isRejected });
    expect([...missing]).toEqual([]);
    return state;
  };

  return {
    add(given: Attempt): IncomingEvent {
      const prev = [...new Set(given.back.map((back) => names[Math.max(0, names.length - 1 - back)]!))];
      const before = resolve(prev);
      const sketch = sketchOf(given, version === '12');
      const keys = authEventKeys(
        { ...sketch, sender: sketch.sender as UserId, content: sketch.content! } as RoomEvent,
        room.version,
      );
      const auth = keys.flatMap((key) => before.get(stateKeyOf(...key)) ?? []);
      const incoming = foreign.make({ ...sketch, prev, auth, originServerTs: given.ts });
      const { event } = incoming;
      const { eventId, stateKey } = event;
      const { ok } = authoriseEvent(event, room.version, {
        state: (type, key) => {
          if (type === 'm.room.create') return create;
          const id = before.get(stateKeyOf(type, key));
          return id === undefined ? undefined : eventOf(id);
        },
        signedBy: () => true,
      });
      const own = ok && stateKey !== undefined ? [[stateKeyOf(event.type, stateKey), eventId] as const] : [];
      after.set(eventId, new Map([...before, ...own]));
      if (ok) names.push(eventId);
      else rejected.add(eventId);
      return incoming;
    },
    async check(events: readonly IncomingEvent[]): Promise<void> {
      const ids = [...new Set(events.map(({ event }) => event.eventId))];
      const stored = await fresh.database.read((tx) => eventsById(tx, ids));
      expect(stored).toHaveLength(ids.length);
      for (const { eventId, stateRoot, verdict } of stored) {
        expect({ eventId, isRejected: verdict === 2 }).toEqual({ eventId, isRejected: rejected.has(eventId) });
        const nids = [...(await rooms.state.entries(bytesToHash(stateRoot!))).values()];
        const state = stateOf(await rooms.state.eventsOf(room, nids));
        expect(sorted(state)).toEqual(sorted(after.get(eventId)!));
      }
      const ends = await rooms.receive.extremities(roomId);
      const current = stateOf(await (await rooms.view(roomId)).all());
      expect(sorted(current)).toEqual(sorted(resolve(ends.map(({ eventId }) => eventId))));
    },
    accept: (events: readonly IncomingEvent[]) =>
      rooms.receive.accept(roomId, events, { as: 'new', onMissing: 'wait' }),
  };
};

describe.each(['1', '6', '11', '12'] as const)('resolving in room version %s', (version) => {
  it('comes to what the plain algorithm comes to', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(attempt, { minLength: 10, maxLength: 40 }), async (attempts) => {
        const room = await openRoom(version);
        const batch: IncomingEvent[] = [];
        for (const [at, one] of attempts.entries()) {
          batch.push(room.add(one));
          if (!one.ends && at < attempts.length - 1) continue;
          const events = batch.splice(0);
          await room.accept(events.toReversed());
          await room.check(events);
        }
      }),
      { numRuns: 6 },
    );
  });
});
