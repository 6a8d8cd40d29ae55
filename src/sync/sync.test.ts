// /sync over real rooms: what a device hears first, what it hears next, and how it waits.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AnyJson } from '../../tests/harness/client.ts';
import { openFreshSqlite } from '../../tests/harness/databases.ts';
import { openTestSync, type SyncingPerson, type TestSync } from '../../tests/harness/sync.ts';
import type { RoomId } from '../protocol/ids/branded.ts';

const stack = new AsyncDisposableStack();
let server: TestSync;
let alice: SyncingPerson;
let bob: SyncingPerson;

beforeAll(async () => {
  server = openTestSync(stack.use(await openFreshSqlite()).database);
  alice = await server.syncing('alice');
  bob = await server.syncing('bob');
});
afterAll(() => stack.disposeAsync());

const bodies = (room: AnyJson): string[] =>
  room.timeline.events.filter((event: AnyJson) => event.type === 'm.room.message').map((e: AnyJson) => e.content.body);
const stateOf = (events: AnyJson[]): string[] => events.map((event) => `${event.type} ${event.state_key}`).sort();

const roomOf = async (name: string): Promise<RoomId> => server.create(alice, { name });

describe('an initial sync', () => {
  test('tells the state before the timeline and the timeline', async () => {
    const room = await roomOf('first');
    for (let n = 0; n < 12; n++) await server.say(room, alice, `m${n}`);
    const answer = await server.ask(alice);
    const joined = answer.rooms.join[room];
    expect(bodies(joined)).toEqual(Array.from({ length: 10 }, (_, n) => `m${n + 2}`));
    expect(joined.timeline.limited).toBe(true);
    expect(stateOf(joined.state.events)).toContain('m.room.name ');
    expect(joined.summary).toEqual({ 'm.joined_member_count': 1, 'm.invited_member_count': 0 });
  });

  test('tells no state twice when the timeline has it all', async () => {
    const room = await roomOf('second');
    const joined = (await server.ask(alice)).rooms.join[room];
    expect(joined.timeline.limited).toBe(false);
    expect(joined.state.events).toEqual([]);
    expect(joined.timeline.events).toHaveLength(6);
  });
});

describe('an incremental sync', () => {
  test('tells what is new and nothing else', async () => {
    const room = await roomOf('third');
    const { next_batch: since } = await server.ask(alice);
    expect((await server.ask(alice, { since })).rooms).toBeUndefined();
    await server.say(room, alice, 'hello');
    const answer = await server.ask(alice, { since });
    expect(Object.keys(answer.rooms.join)).toEqual([room]);
    expect(bodies(answer.rooms.join[room])).toEqual(['hello']);
    expect(answer.rooms.join[room].state).toBeUndefined();
    expect((await server.ask(alice, { since: answer.next_batch })).rooms).toBeUndefined();
  });

  test('gives the whole room to who has joined, with a gap', async () => {
    const room = await roomOf('fourth');
    const { next_batch: since } = await server.ask(bob);
    await server.member(room, bob, 'join');
    const joined = (await server.ask(bob, { since })).rooms.join[room];
    expect(joined.timeline.limited).toBe(true);
    expect(stateOf([...joined.state.events, ...joined.timeline.events])).toContain('m.room.create ');
  });

  test('shows invites, and that they are over', async () => {
    const room = await roomOf('fifth');
    const { next_batch: since } = await server.ask(bob);
    await server.member(room, alice, 'invite', bob);
    const invited = await server.ask(bob, { since });
    expect(stateOf(invited.rooms.invite[room].invite_state.events)).toEqual([
      'm.room.create ',
      'm.room.join_rules ',
      `m.room.member ${bob.userId}`,
      'm.room.name ',
    ]);
    await server.member(room, bob, 'leave');
    const left = await server.ask(bob, { since: invited.next_batch });
    expect(left.rooms.leave[room].state).toEqual({ events: [] });
    expect(left.rooms.leave[room].timeline.events).toHaveLength(1);
  });

  test('shows the timeline up to the leave', async () => {
    const room = await roomOf('sixth');
    await server.member(room, bob, 'join');
    const { next_batch: since } = await server.ask(bob);
    await server.say(room, alice, 'before');
    await server.member(room, bob, 'leave');
    await server.say(room, alice, 'after');
    const left = (await server.ask(bob, { since })).rooms.leave[room];
    expect(bodies(left)).toEqual(['before']);
    expect(left.timeline.events).toHaveLength(2);
  });

  test('has one own member event in the state after a leave and a kick', async () => {
    const room = await roomOf('left and kicked');
    await server.member(room, bob, 'join');
    const { next_batch: since } = await server.ask(bob);
    await server.member(room, bob, 'leave');
    const { next_batch: afterLeave } = await server.ask(bob);
    await server.member(room, alice, 'leave', bob);
    const senders = async (from: string) =>
      (await server.ask(bob, { since: from, stateAfter: true })).rooms.leave[room].state_after.events
        .filter((event: AnyJson) => event.state_key === bob.userId)
        .map((event: AnyJson) => event.sender);
    expect(await senders(since)).toEqual([alice.userId]);
    expect(await senders(afterLeave)).toEqual([alice.userId]);
  });
});

describe('a long poll', () => {
  test('ends when something concerned happens', async () => {
    const room = await roomOf('seventh');
    const { next_batch: since } = await server.ask(alice);
    const waiting = server.ask(alice, { since, timeoutMs: 20_000 });
    await server.say(room, alice, 'wake up');
    expect(bodies((await waiting).rooms.join[room])).toEqual(['wake up']);
  });

  test('ends when the client goes', async () => {
    const { next_batch: since } = await server.ask(alice);
    const gone = new AbortController();
    const waiting = server.ask(alice, { since, timeoutMs: 20_000, signal: gone.signal });
    gone.abort();
    expect((await waiting).rooms).toBeUndefined();
  });
});

describe('a client that was away', () => {
  test('hears of many rooms part by part, and misses none', async () => {
    const carol = await server.syncing('carol');
    const rooms = await Promise.all(Array.from({ length: 60 }, (_, n) => server.create(carol, { name: `many ${n}` })));
    const { next_batch: since } = await server.ask(carol);
    for (const room of rooms) await server.say(room, carol, 'news');
    await server.member(rooms[0]!, carol, 'leave');
    const answer = await server.ask(carol, { since });
    expect(Object.keys(answer.rooms.join).sort()).toEqual(rooms.slice(1).sort());
    expect(Object.keys(answer.rooms.leave)).toEqual([rooms[0]]);
    for (const room of rooms.slice(1)) expect(bodies(answer.rooms.join[room])).toEqual(['news']);
    expect((await server.ask(carol, { since: answer.next_batch })).rooms).toBeUndefined();
  });
});
