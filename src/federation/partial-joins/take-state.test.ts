import { afterEach, expect, test } from 'vitest';
import { type FreshDatabase, openFreshSqlite } from '../../../tests/harness/databases.ts';
import { createForeignRoom, testSigningKey } from '../../../tests/harness/foreign-events.ts';
import { openTestRooms } from '../../../tests/harness/rooms.ts';
import type { KeyWanted } from '../../peers/keys/verify-key.ts';
import type { EventId, ServerName } from '../../protocol/ids/branded.ts';
import type { IncomingEvent } from '../../rooms/receive/incoming.ts';
import { eventsById } from '../../storage/stores/events.ts';
import { createVerify } from '../verify/verify-pdus.ts';
import { takeState } from './take-state.ts';

const opened: FreshDatabase[] = [];
afterEach(async () => {
  for (const fresh of opened.splice(0)) await fresh[Symbol.asyncDispose]();
});

const server = 'elsewhere.example' as ServerName;
const MEMBERS = 700;
const SERVERS = 50;
const NEVER_TOLD = '$never' as EventId;

/** Keys are known only after they were asked for, those of one server never. */
const createKeys = (knowsAll: boolean) => {
  const asked: KeyWanted[][] = [];
  const known = new Set<string>([server]);
  if (knowsAll) for (let n = 0; n < SERVERS; n++) known.add(`server${n}.example`);
  const findKey = (name: string) =>
    known.has(name) ? { publicKey: testSigningKey.publicKey, validUntilTs: 4e12, expiredTs: null } : undefined;
  const keysFor = async (wants: readonly KeyWanted[]) => {
    const missing = wants.filter((want) => !known.has(want.server));
    if (missing.length > 0) asked.push(missing);
    for (const want of missing) if (want.server !== 'gone.example') known.add(want.server);
    return findKey;
  };
  return { asked, peers: { findKey, keysFor } };
};

const enter = async ({ knowsAll = false } = {}) => {
  const fresh = await openFreshSqlite();
  opened.push(fresh);
  const { rooms } = openTestRooms(fresh.database);
  const room = createForeignRoom();
  for (let n = 0; n < MEMBERS; n++) {
    const user = `@member${n}:${n === 5 ? 'gone' : `server${n % SERVERS}`}.example`;
    room.member(user, 'join');
    if (n % 10 === 0) room.member(user, 'leave');
    if (n % 20 === 0) room.member(user, 'join');
  }
  const whole = room.joinOf('@alice:example.org');
  const isKept = ({ event }: IncomingEvent): boolean => event.type !== 'm.room.member' || event.sender === room.creator;
  const [state, authChain] = [whole.state.filter(isKept), whole.authChain.filter(isKept)];
  await rooms.receive.enterRoom({ ...whole, state, authChain, isPartial: true });
  const told = [...new Map([...whole.state, ...whole.authChain].map((one) => [one.event.eventId, one])).values()];
  const { asked, peers } = createKeys(knowsAll);
  const deps = { receive: rooms.receive, verify: createVerify({ peers }), peers };
  const about = { roomId: room.roomId, version: room.version.id, server };
  const ids = told.filter((one) => !isKept(one)).map(({ event }) => event.eventId);
  const verdicts = async () => {
    const stored = await fresh.database.read((tx) => eventsById(tx, ids));
    return new Map(stored.map(({ eventId, verdict }) => [eventId, verdict]));
  };
  const gone = told.find(({ event }) => event.sender.endsWith('gone.example'))!.event.eventId;
  return { told, ids, gone, asked, verdicts, take: takeState.bind(undefined, deps, about), room };
};

async function* inGroups(events: readonly IncomingEvent[], failsAt = Infinity): AsyncIterable<string[]> {
  for (let at = 0; at < events.length; at += 70) {
    if (at >= failsAt) throw new Error('broken off');
    yield events.slice(at, at + 70).map(({ pduJson }) => pduJson);
  }
}

for (const [order, sorted] of [
  ['as they came to be', (events: readonly IncomingEvent[]) => events],
  ['the newest first', (events: readonly IncomingEvent[]) => events.toReversed()],
] as const) {
  test(`events are stored whatever their order: ${order}`, async () => {
    const { told, ids, gone, asked, verdicts, take, room } = await enter();
    const other = room.member('@not:server1.example', 'join');
    const missing = await take(inGroups([...sorted(told), other, ...told]), [...ids, NEVER_TOLD]);
    expect(missing).toEqual([NEVER_TOLD, gone]);
    const found = await verdicts();
    expect(found.size).toBe(ids.length - 1);
    expect(found.has(gone)).toBe(false);
    expect([...found.values()].every((verdict) => verdict === 0)).toBe(true);
    expect(found.has(other.event.eventId)).toBe(false);
    // All together, and once more the one that has none.
    expect(asked[0]).toHaveLength(SERVERS + 1);
    expect(
      asked
        .slice(1)
        .flat()
        .every((want) => want.server === 'gone.example'),
    ).toBe(true);
  });
}

test('what came before it broke off is kept, and is right', async () => {
  const { told, ids, verdicts, take } = await enter({ knowsAll: true });
  await expect(take(inGroups(told, told.length * 0.9), ids)).rejects.toThrow('broken off');
  const first = await verdicts();
  expect(first.size).toBeGreaterThan(400);
  expect(first.size).toBeLessThan(told.length * 0.9);
  expect([...first.values()].every((verdict) => verdict === 0)).toBe(true);
  await take(inGroups(told), [...ids.filter((id) => !first.has(id))]);
  expect((await verdicts()).size).toBe(ids.length - 1);
});
