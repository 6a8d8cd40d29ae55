// Whatever people do and whenever their clients sync: each client ends with the rooms as the server has them.

import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '../../src/protocol/events/json.ts';
import type { EventId, RoomId } from '../../src/protocol/ids/branded.ts';
import { openFreshSqlite } from '../harness/databases.ts';
import { openTestSync, type SyncingPerson, type TestSync } from '../harness/sync.ts';
import { type ClientKind, SyncingClient } from '../harness/syncing-client.ts';

const stack = new AsyncDisposableStack();
let server: TestSync;

beforeAll(async () => {
  server = openTestSync(stack.use(await openFreshSqlite()).database);
});
afterAll(() => stack.disposeAsync());

type Action =
  | { readonly do: 'say' | 'topic' | 'rename' | 'join' | 'leave' | 'kick' | 'invite' | 'redact'; readonly who: number }
  | { readonly do: 'sync'; readonly client: number; readonly limit: number; readonly fullState: boolean }
  | { readonly do: 'together'; readonly actions: readonly Action[] };

const person = fc.nat(2);
const simple: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('say' as const), who: person }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('topic' as const, 'rename', 'join', 'leave', 'kick', 'invite', 'redact'),
      who: person,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('sync' as const),
      client: fc.nat(3),
      limit: fc.nat(4),
      fullState: fc.nat(7).map((n) => n === 0),
    }),
  },
);
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 8, arbitrary: simple },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('together' as const),
      actions: fc.array(simple, { minLength: 2, maxLength: 4 }),
    }),
  },
);

const kinds: readonly ClientKind[] = [
  { lazy: false, stateAfter: false },
  { lazy: false, stateAfter: true },
  { lazy: true, stateAfter: false },
  { lazy: true, stateAfter: true },
];

let worlds = 0;

class World {
  readonly people: readonly SyncingPerson[];
  readonly clients: readonly SyncingClient[];
  readonly room: RoomId;
  #said: EventId[] = [];
  #count = 0;

  constructor(people: readonly SyncingPerson[], clients: readonly SyncingClient[], room: RoomId) {
    this.people = people;
    this.clients = clients;
    this.room = room;
  }

  static async create(visibility: string): Promise<World> {
    worlds += 1;
    const people = await Promise.all(['a', 'b', 'c'].map((name) => server.syncing(`${name}${worlds}`)));
    const clients: SyncingClient[] = [];
    for (const [index, kind] of kinds.entries()) {
      const name = ['a', 'b', 'b', 'c'][index]!;
      clients.push(new SyncingClient(server, await server.syncing(`${name}${worlds}`, `D${index}`), kind));
    }
    const room = await server.create(people[0]!, { visibility, name: 'room' });
    await server.setState(room, people[0]!, 'm.room.power_levels', '', {
      users: { [people[0]!.userId]: 100 },
      users_default: 50,
    });
    return new World(people, clients, room);
  }

  /** What the room does not allow is not done. */
  async act(step: Action): Promise<void> {
    if (step.do === 'together') await Promise.all(distinct(step.actions).map((each) => this.act(each)));
    else if (step.do === 'sync') await this.clients[step.client]!.sync(step.limit, step.fullState);
    else await this.#perform(step.do, step.who).catch(onlyForbidden);
  }

  async #perform(what: string, who: number): Promise<void> {
    const by = this.people[who]!;
    const boss = this.people[0]!;
    this.#count += 1;
    const send = (type: string, stateKey: string, content: JsonObject) =>
      server.setState(this.room, by, type, stateKey, content);
    if (what === 'say') this.#said.push(await server.say(this.room, by, `m${this.#count}`));
    else if (what === 'topic') await send('m.room.topic', '', { topic: `t${this.#count}` });
    else if (what === 'rename') {
      if (await this.isJoined(by)) {
        await send('m.room.member', by.userId, { membership: 'join', displayname: `n${this.#count}` });
      }
    } else if (what === 'join' || what === 'leave') await server.member(this.room, by, what);
    else if (what === 'redact') {
      const target = this.#said.pop();
      if (target) await server.redact(this.room, by, target);
    } else await server.member(this.room, boss, what === 'kick' ? 'leave' : 'invite', by);
  }

  async isJoined(who: SyncingPerson): Promise<boolean> {
    return (await server.reads.joinedRooms(who.viewer)).includes(this.room);
  }

  /** Everything the person may see, oldest first. */
  async visible(who: SyncingPerson): Promise<string[]> {
    const ids: string[] = [];
    let from: number | undefined;
    for (;;) {
      const question = { from, to: undefined, backwards: true, limit: 100, filter: undefined };
      const page = await server.reads.messages(this.room, question, who.viewer);
      ids.push(...page.chunk.map((text) => (JSON.parse(text) as { event_id: string }).event_id));
      if (page.end === undefined) return ids.reverse();
      from = Number(page.end.slice(1));
    }
  }

  /** `type state_key` → event id, as the person may see it: now, or as of their leave. */
  async state(who: SyncingPerson): Promise<Map<string, string>> {
    const texts = await server.reads.state(this.room, who.viewer);
    const events = texts.map((text) => JSON.parse(text) as { type: string; state_key: string; event_id: string });
    return new Map(events.map((event) => [`${event.type} ${event.state_key}`, event.event_id]));
  }
}

/** One client does not sync twice at a time. */
const distinct = (actions: readonly Action[]): Action[] => {
  const syncing = new Set<number>();
  return actions.filter((each) => each.do !== 'sync' || (!syncing.has(each.client) && syncing.add(each.client)));
};

const onlyForbidden = (error: { errcode?: string }): void => {
  if (error.errcode !== 'M_FORBIDDEN') throw error;
};

const checkClient = async (world: World, client: SyncingClient): Promise<void> => {
  const { person: who } = client;
  const room = client.rooms.get(world.room);
  const joined = await world.isJoined(who);
  if (!room) {
    expect(joined).toBe(false);
    return;
  }
  expect(room.membership === 'join').toBe(joined);
  // Invited again before the client heard of the leave: what there was until then is shown by the join.
  if (room.membership === 'invite') return;
  const visible = await world.visible(who);
  // Another leave after a leave, by a kick, is told, and is no part of the history that can be read.
  expect(joined ? room.timeline : room.timeline.slice(0, visible.length)).toEqual(visible);
  const truth = await world.state(who);
  const toldAfter = room.timeline.slice(visible.length).at(-1);
  if (toldAfter) truth.set(`m.room.member ${who.userId}`, toldAfter);
  const isMember = (key: string): boolean => key.startsWith('m.room.member ');
  if (!client.kind.lazy) {
    expect(sorted(room.state)).toEqual(sorted(truth));
    return;
  }
  const withoutMembers = (state: Map<string, string>) => sorted(new Map([...state].filter(([key]) => !isMember(key))));
  expect(withoutMembers(room.state)).toEqual(withoutMembers(truth));
  for (const [key, event] of room.state) if (isMember(key)) expect([key, event]).toEqual([key, truth.get(key)]);
};

const sorted = (state: Map<string, string>): [string, string][] => [...state].sort(([a], [b]) => (a < b ? -1 : 1));

test.each(['shared', 'joined', 'invited'])('clients follow a room with %s history', async (visibility) => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 40 }), async (actions) => {
      const world = await World.create(visibility);
      for (const step of actions) await world.act(step);
      for (const client of world.clients) {
        await client.sync(2);
        await checkClient(world, client);
      }
    }),
    { numRuns: 60, endOnFailure: false },
  );
});
