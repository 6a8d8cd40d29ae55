import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventId, member, user } from '../auth-rules/test-room.ts';
import type { JsonObject } from '../events/json.ts';
import type { RoomEvent } from '../events/room-event.ts';
import type { EventId } from '../ids/branded.ts';
import type { RoomVersion } from '../room-versions/room-version.ts';
import { roomVersions } from '../room-versions/room-versions.ts';
import { authChain } from './auth-chain.ts';
import type { StateMap } from './resolution.ts';
import { resolveState } from './resolve-state.ts';
import { emptyHistory, type History, type HistorySketch, readable } from './test-history.ts';

const versions = [roomVersions[1], roomVersions[2], roomVersions[11], roomVersions[12]];
const people = ['alice', 'bob', 'carol', 'dave', 'erin'];

/** One attempt of somebody to change the room, on top of some of the events there are. */
const attempt = fc.record({
  what: fc.constantFrom('join', 'leave', 'kick', 'ban', 'invite', 'topic', 'levels', 'rules', 'message'),
  who: fc.nat(people.length - 1),
  whom: fc.nat(people.length - 1),
  level: fc.constantFrom(0, 50, 60, 100),
  prev: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
  ts: fc.nat(20),
});
type Attempt = typeof attempt extends fc.Arbitrary<infer T> ? T : never;

function sketchOf(version: RoomVersion, attempt: Attempt, id: string, prev: string[], depth: number): HistorySketch {
  const sender = people[attempt.who]!;
  const target = people[attempt.whom]!;
  const at = { id, prev, ts: attempt.ts, depth };
  const state = (type: string, content: JsonObject): HistorySketch => ({ ...at, type, sender, stateKey: '', content });
  switch (attempt.what) {
    case 'join':
    case 'leave':
      return { ...member(sender, attempt.what), ...at };
    case 'kick':
      return { ...member(target, 'leave', { sender }), ...at };
    case 'ban':
    case 'invite':
      return { ...member(target, attempt.what, { sender }), ...at };
    case 'levels': {
      const admins: JsonObject = version.privilegedCreators ? {} : { [user('alice')]: 100 };
      const users = { [user('bob')]: 50, ...admins, ...(target === 'alice' ? {} : { [user(target)]: attempt.level }) };
      return state('m.room.power_levels', { users, events: { 'm.room.power_levels': 50 } });
    }
    case 'rules':
      return state('m.room.join_rules', { join_rule: attempt.level > 50 ? 'invite' : 'public' });
    case 'topic':
      return state('m.room.topic', { topic: id });
    default:
      return { ...at, type: 'm.room.message', sender };
  }
}

/** A history in which every event was accepted, and the names of its events in the order they were made. */
function historyOf(version: RoomVersion, attempts: readonly Attempt[]): { history: History; names: string[] } {
  const history = emptyHistory(version);
  const names: string[] = [];
  const add = (sketch: HistorySketch): void => {
    if (history.add(sketch).accepted) names.push(sketch.id);
  };
  const content: JsonObject = version.creatorInContent ? { creator: user('alice') } : {};
  add({ id: 'create', type: 'm.room.create', sender: 'alice', stateKey: '', content, prev: [], auth: [], depth: 0 });
  const first: Omit<Attempt, 'what'> = { who: 0, whom: 1, level: 50, prev: [], ts: 0 };
  for (const what of ['join', 'levels', 'rules'] as const) {
    add(sketchOf(version, { ...first, what }, what, [names.at(-1)!], names.length));
  }
  add(sketchOf(version, { ...first, what: 'join', who: 1 }, 'join-bob', [names.at(-1)!], names.length));
  for (const [index, attempt] of attempts.entries()) {
    // Near the end, so that branches run beside one another and merge.
    const prev = new Set(attempt.prev.map((back) => names[Math.max(4, names.length - 1 - (back % 5))]!));
    const depth = 1 + Math.max(...[...prev].map((name) => history.events.get(eventId(name))!.depth));
    add(sketchOf(version, attempt, `e${index}`, [...prev], depth));
  }
  return { history, names };
}

const attempts = fc.array(attempt, { minLength: 5, maxLength: 40 });
/** The states after the last events: some beside one another, some one after the other. */
const states = ({ history, names }: { history: History; names: string[] }): StateMap[] =>
  names.slice(-5).map(history.stateAfter);
const runs = { numRuns: 60 };

describe.each(versions)('state resolution in room version $id', (version) => {
  it('depends neither on the order of the states nor on states given twice', () => {
    fc.assert(
      fc.property(attempts, fc.nat(), (list, turn) => {
        const made = historyOf(version, list);
        const sets = states(made);
        const turned = [...sets.slice(turn % sets.length), ...sets.slice(0, turn % sets.length)];
        const shuffledMaps = turned.toReversed().map((state) => new Map([...state].toReversed()));
        const resolved = readable(made.history.resolve(...sets).state);
        expect(readable(made.history.resolve(...turned, ...shuffledMaps).state)).toEqual(resolved);
      }),
      runs,
    );
  });

  it('leaves a resolved state as it is', () => {
    fc.assert(
      fc.property(attempts, (list) => {
        const made = historyOf(version, list);
        const { state } = made.history.resolve(...states(made));
        expect(readable(made.history.resolve(state, new Map(state)).state)).toEqual(readable(state));
      }),
      runs,
    );
  });

  it('gives the same for the whole states and for the keys on which they differ', () => {
    fc.assert(
      fc.property(attempts, (list) => {
        const made = historyOf(version, list);
        const sets = states(made);
        const common = new Map([...sets[0]!].filter(([key, id]) => sets.every((state) => state.get(key) === id)));
        const authEventsOf = (id: EventId) => made.history.events.get(id)!.authEvents;
        const reached = authChain(common.values(), authEventsOf);
        const resolution = resolveState({
          version,
          create: made.history.events.get(eventId('create'))!,
          stateSets: sets.map((state) => new Map([...state].filter(([key]) => !common.has(key)))),
          common: { get: (key) => common.get(key), reaches: (id) => reached.has(id) },
          event: (id) => made.history.events.get(id),
          isRejected: (id) => made.history.rejected.has(id),
          authEventsOf,
        });
        const whole = made.history.resolve(...sets);
        expect(readable(new Map([...common, ...resolution.state]))).toEqual(readable(whole.state));
        expect(resolution.dropped).toEqual(whole.dropped);
      }),
      runs,
    );
  });

  it('converges whatever the order in which events are delivered', () => {
    fc.assert(
      fc.property(attempts, fc.infiniteStream(fc.nat()), (list, choices) => {
        const made = historyOf(version, list);
        const server = emptyHistory(version);
        const waiting = new Set(made.names.map((name) => made.history.events.get(eventId(name))!));
        const isReady = (event: RoomEvent) =>
          [...event.prevEvents, ...event.authEvents].every((id) => server.events.has(id));
        while (waiting.size > 0) {
          const ready = [...waiting].filter(isReady);
          const next = ready[choices.next().value! % ready.length]!;
          waiting.delete(next);
          expect(server.add(delivered(next)).accepted).toBe(true);
        }
        const statesOf = (history: History) => made.names.map((name) => [name, readable(history.stateAfter(name))]);
        expect(statesOf(server)).toEqual(statesOf(made.history));
      }),
      runs,
    );
  });
});

/** The sketch of an event already made, its previous events in another order. */
function delivered(event: RoomEvent): HistorySketch {
  const name = (id: EventId): string => id.slice(1);
  return {
    id: name(event.eventId),
    type: event.type,
    sender: event.sender.slice(1).replace(':a.test', ''),
    ...(event.stateKey === undefined ? {} : { stateKey: event.stateKey }),
    content: event.content,
    prev: event.prevEvents.map(name).toReversed(),
    auth: event.authEvents.map(name),
    ts: event.originServerTs,
    depth: event.depth,
  };
}
