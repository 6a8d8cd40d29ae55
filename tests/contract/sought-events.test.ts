// Events that nobody gave when they were missing: when and of whom they are asked for again, and what comes of it.

import { expect, test } from 'vitest';
import { createSeekAgain, type SeekAgainDeps } from '../../src/federation/backfill/seek-again.ts';
import { silentLog } from '../../src/lib/log.ts';
import { PeerError } from '../../src/peers/peer-error.ts';
import type { JsonObject } from '../../src/protocol/events/json.ts';
import type { EventId, ServerName } from '../../src/protocol/ids/branded.ts';
import type { IncomingEvent } from '../../src/rooms/receive/incoming.ts';
import type { Database } from '../../src/storage/database.ts';
import { dueSoughtEvents, dueSoughtRooms, FIRST_SEARCH_MS } from '../../src/storage/stores/sought-events.ts';
import { describeOnBothEngines } from '../harness/databases.ts';
import { createForeignRoom, type ForeignRoom } from '../harness/foreign-events.ts';
import { openTestRooms } from '../harness/rooms.ts';
import { until } from '../harness/until.ts';

const alice = '@alice:example.org';
const bob = '@bob:elsewhere.example';
const carol = '@carol:third.example';
const HOUR_MS = 3_600_000;
const names = Array.from({ length: 6 }, (_, at) => `s${at}.test` as ServerName);
const idOf = ({ event }: IncomingEvent): EventId => event.eventId;

/** Servers of which some, from some moment on, give what the test says. */
const openSeeking = async (db: Database, room: ForeignRoom) => {
  const { rooms, clock } = openTestRooms(db);
  await rooms.receive.enterRoom(room.joinOf(alice));
  const asked: { server: ServerName; ids: readonly EventId[]; atMs: number }[] = [];
  const gives = new Map<ServerName, readonly IncomingEvent[]>();
  const nothing = (server: ServerName) => Promise.reject(new PeerError(server, 'application', 'It does not say.'));
  let isAtRest = false;
  const sleep = async (...args: Parameters<typeof clock.sleep>): Promise<void> => {
    isAtRest = true;
    await clock.sleep(...args).finally(() => (isAtRest = false));
  };
  const deps = {
    ...{ db, clock: { ...clock, sleep }, log: silentLog, receive: rooms.receive, serverName: 'example.org' },
    metrics: { collected() {} },
    serversIn: async () => new Set<string>(['example.org', ...names]),
    isLeftAlone: () => false,
    verify: {
      verifyParsed: async (parsed: readonly IncomingEvent[], _version: unknown, source: ServerName) =>
        parsed.map((event) => ({ ok: true, event: { ...event, source } })),
    },
    fetch: {
      async backfill(server: ServerName, _roomId: unknown, ids: readonly EventId[]): Promise<JsonObject[]> {
        asked.push({ server, ids, atMs: clock.monotonic() });
        return (gives.get(server) ?? []).map(({ pdu }) => pdu);
      },
      stateIds: nothing,
      state: nothing,
      event: nothing,
    },
  } as unknown as SeekAgainDeps;
  const due = async (): Promise<EventId[]> => {
    const all = { now: Number.MAX_SAFE_INTEGER, limit: 100 };
    const [of] = await db.read((tx) => dueSoughtRooms(tx, all.now));
    return of ? (await db.read((tx) => dueSoughtEvents(tx, of.nid, all))).map(({ eventId }) => eventId) : [];
  };
  /** Runs until it sleeps again. */
  const pass = async (ms: number): Promise<void> => {
    await clock.advance(ms);
    await until('rest', () => isAtRest);
  };
  return { rooms, asked, gives, due, pass, seekAgain: createSeekAgain(deps) };
};

describeOnBothEngines('sought events', (open) => {
  test('of a gap are asked for later, and what stands upon them is judged again', async () => {
    const room = createForeignRoom();
    const { rooms, asked, gives, due, pass, seekAgain } = await openSeeking(await open(), room);
    const { accept, acceptOutliers, stored } = rooms.receive;
    const state = room.stateEvents(room.tips[0]!);
    const join = room.member(carol, 'join');
    const lost = room.say(bob, 'lost');
    const after = room.say(bob, 'after');
    const said = room.say(carol, 'said');
    await acceptOutliers(room.roomId, [join]);
    // A state without the member, which nobody contradicts.
    const statesBefore = new Map([[idOf(after), state.map(idOf)]]);
    const take = (events: readonly IncomingEvent[]) =>
      accept(room.roomId, events, { as: 'new', onMissing: 'wait', statesBefore });
    expect(await take([after])).toMatchObject([{ fate: 'accepted' }]);
    expect(await take([said])).toMatchObject([{ fate: 'rejected', failed: { check: 'state-before' } }]);
    expect(await due()).toEqual([idOf(lost)]);
    await using running = seekAgain;
    await running.start();
    await pass(0);
    await pass(FIRST_SEARCH_MS - 1);
    expect(asked).toEqual([]);
    gives.set(names[1]!, [lost, join]);
    await pass(1);
    await pass(FIRST_SEARCH_MS);
    const first = asked.map(({ server, ids }) => [server, ids]);
    expect(first).toEqual(names.slice(0, 2).map((server) => [server, [idOf(lost)]]));
    expect(await due()).toEqual([]);
    expect((await stored([idOf(said)])).get(idOf(said))?.isRejected).toBe(false);
    expect(await (await rooms.view(room.roomId)).all()).toContainEqual(join.event);
  });

  test('are asked of others each time, ever later, and given up in the end', async () => {
    const room = createForeignRoom();
    const { rooms, asked, due, pass, seekAgain } = await openSeeking(await open(), room);
    const lost = room.say(bob, 'lost');
    const after = room.say(bob, 'after');
    const options = { as: 'new', onMissing: 'judge' } as const;
    expect(await rooms.receive.accept(room.roomId, [after], options)).toMatchObject([{ fate: 'rejected' }]);
    await using running = seekAgain;
    await running.start();
    await pass(0);
    for (let hours = 0; hours < 40; hours++) for (let sixth = 0; sixth < 6; sixth++) await pass(HOUR_MS / 6);
    expect(new Set(asked.map(({ atMs }) => Math.round(atMs / HOUR_MS)))).toEqual(new Set([0, 1, 7, 31]));
    const of = (at: number) => asked.slice(at * 4, at * 4 + 4).map(({ server }) => server);
    expect([of(0), of(1)]).toEqual([names.slice(0, 4), [...names.slice(4), ...names.slice(0, 2)]]);
    expect(asked.every(({ ids }) => ids.join() === idOf(lost))).toBe(true);
    expect(await due()).toEqual([]);
  });

  test('are none where this server comes to know a room', async () => {
    const room = createForeignRoom();
    room.say(bob, 'before anybody here was there');
    const { due } = await openSeeking(await open(), room);
    expect(await due()).toEqual([]);
  });
});
