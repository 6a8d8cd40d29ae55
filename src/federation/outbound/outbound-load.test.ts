// Very many servers, half of which are dead: what is held in memory is bounded, and the others do not notice.

import { describe, expect, test } from 'vitest';
import { openFreshSqlite } from '../../../tests/harness/databases.ts';
import { type FakeTransport, fakeTransport } from '../../../tests/harness/fake-transport.ts';
import { openTestRooms } from '../../../tests/harness/rooms.ts';
import { until } from '../../../tests/harness/until.ts';
import { silentLog } from '../../lib/log.ts';
import { manualClock } from '../../lib/manual-clock.ts';
import { createMetrics } from '../../lib/metrics.ts';
import type { RoomId, ServerName, UserId } from '../../protocol/ids/branded.ts';
import { destinationCursors } from '../../storage/stores/outgoing-events.ts';
import { createStream } from '../../stream/stream.ts';
import { createOutbound, noEdus } from './outbound.ts';
import { createRoomServers, type RoomServers } from './room-servers.ts';

const serverName = 'example.org' as ServerName;

const openWorld = async (stack: AsyncDisposableStack, roomServers?: RoomServers) => {
  const { database: db } = stack.use(await openFreshSqlite());
  const rooms = openTestRooms(db);
  const alice = await rooms.person('alice');
  const clock = manualClock();
  const transport = fakeTransport(clock);
  const stream = createStream({ db });
  const source = rooms.rooms.state.source;
  const outbound = createOutbound({
    db,
    clock,
    log: silentLog,
    metrics: createMetrics(),
    stream,
    serverName,
    transport,
    roomServers: roomServers ?? createRoomServers({ db, stream, serverName, source }),
    edus: noEdus,
    shutdownGraceMs: 1000,
  });
  await outbound.start();
  stack.use(outbound);
  const sayMany = async (roomId: RoomId, from: number, to: number): Promise<void> => {
    for (let n = from; n < to; n += 100) {
      const drafts = Array.from({ length: Math.min(100, to - n) }, (_, i) => ({
        type: 'm.room.message',
        sender: alice.userId,
        content: { body: `${n + i}` },
      }));
      await rooms.rooms.sendAll(roomId, drafts);
    }
  };
  return { db, rooms, alice, clock, transport, outbound, sayMany };
};

const bodiesTo = ({ arrived }: FakeTransport, server: ServerName): string[] =>
  arrived
    .filter(({ destination }) => destination === server)
    .flatMap(({ body }) => body.pdus.flatMap(({ content }) => (content.body === undefined ? [] : [content.body])));

test('5,000 servers, half of them dead: the others get all at once, the dead hold nothing but a position', async () => {
  await using stack = new AsyncDisposableStack();
  const servers = Array.from({ length: 5000 }, (_, i) => `s${i}.test` as ServerName);
  const all = new Set(servers);
  const last = servers.at(-1)!;
  const dead = new Set(servers.filter((_, i) => i % 2 === 0));
  const world = await openWorld(stack, { serversIn: async () => all, at: async () => all, now: async () => all });
  const { transport } = world;
  let mostRunning = 0;
  let delivered = 0;
  transport.keeps = (server) => server === last;
  transport.answer = (server) => {
    mostRunning = Math.max(mostRunning, transport.running);
    if (!dead.has(server)) delivered += 1;
    return dead.has(server) ? 'down' : 'ok';
  };
  const roomId = await world.rooms.create(world.alice);
  await until('the first delivery', () => delivered >= 2500);
  await world.sayMany(roomId, 0, 60);
  const live = servers.filter((server) => !dead.has(server));
  await until(
    'delivery to the living',
    () => bodiesTo(transport, last).includes('59') && live.every((server) => !world.outbound.behindOf(server)),
  );
  expect(bodiesTo(transport, last)).toHaveLength(60);
  for (const server of dead) expect(world.outbound.behindOf(server)?.pendingEvents ?? 0).toBe(0);
  expect(mostRunning).toBeLessThanOrEqual(150);
  await world.outbound.flush();
  const rows = await world.db.read(destinationCursors);
  expect(rows).toHaveLength(dead.size);
  // A further event writes nothing about those that stand where they stood.
  await world.sayMany(roomId, 60, 61);
  await until(
    'delivery to the living',
    () => bodiesTo(transport, last).includes('60') && live.every((server) => !world.outbound.behindOf(server)),
  );
  await world.outbound.flush();
  expect(await world.db.read(destinationCursors)).toEqual(rows);
});

test('servers that do not answer hold up nobody', async () => {
  await using stack = new AsyncDisposableStack();
  const servers = Array.from({ length: 450 }, (_, i) => `s${i}.test` as ServerName);
  const all = new Set(servers);
  const world = await openWorld(stack, { serversIn: async () => all, at: async () => all, now: async () => all });
  const { transport } = world;
  const isLive = (server: ServerName): boolean => Number(server.slice(1, -5)) >= 400;
  transport.answer = (server) => (isLive(server) ? 'ok' : 'never');
  await world.rooms.create(world.alice);
  await until('delivery to the living', async () => {
    await world.clock.advance(1000);
    return servers
      .filter(isLive)
      .every((server) => transport.arrived.some(({ destination }) => destination === server));
  });
  expect(world.clock.monotonic()).toBeLessThan(60_000);
  const ended = world.outbound[Symbol.asyncDispose]();
  let isEnded = false;
  void ended.then(() => {
    isEnded = true;
  });
  await until('the end', async () => {
    await world.clock.advance(1000);
    return isEnded;
  });
});

describe('a server that missed', () => {
  const one = 'one.test' as ServerName;
  const two = 'two.test' as ServerName;
  const bob = '@bob:one.test' as UserId;

  const openMissed = async (stack: AsyncDisposableStack) => {
    const world = await openWorld(stack);
    const { rooms, alice, transport } = world;
    const roomIds = [await rooms.create(alice), await rooms.create(alice), await rooms.create(alice)] as const;
    for (const roomId of roomIds) {
      for (const userId of [bob, '@carol:two.test' as UserId]) {
        await rooms.send(roomId, {
          type: 'm.room.member',
          stateKey: userId,
          sender: userId,
          content: { membership: 'join' },
        });
      }
    }
    transport.answer = (server) => (server === one ? 'down' : 'ok');
    await world.sayMany(roomIds[0], 0, 1);
    await until('trouble', () => transport.isLeftAlone(one));
    return { ...world, roomIds };
  };
  const back = async ({ transport, clock }: Awaited<ReturnType<typeof openMissed>>): Promise<void> => {
    transport.answer = () => 'ok';
    transport.reachable(one);
    await clock.advance(1);
  };

  test('a few hundred events gets all of them', async () => {
    await using stack = new AsyncDisposableStack();
    const world = await openMissed(stack);
    await world.sayMany(world.roomIds[0], 1, 400);
    await world.sayMany(world.roomIds[1], 400, 700);
    await until('delivery to another', () => bodiesTo(world.transport, two).includes('699'));
    await back(world);
    await until('delivery', () => bodiesTo(world.transport, one).includes('699'));
    expect(bodiesTo(world.transport, one)).toEqual(Array.from({ length: 700 }, (_, i) => `${i}`));
    expect(world.transport.arrived.every(({ body }) => body.pdus.length <= 50)).toBe(true);
  });

  test('more than a thousand gets the newest of each room, and what made it leave', async () => {
    await using stack = new AsyncDisposableStack();
    const world = await openMissed(stack);
    const { rooms, alice, transport, roomIds } = world;
    await world.sayMany(roomIds[0], 1, 600);
    await world.sayMany(roomIds[1], 600, 1100);
    await rooms.send(roomIds[2], {
      type: 'm.room.member',
      stateKey: bob,
      sender: alice.userId,
      content: { membership: 'leave' },
    });
    await world.sayMany(roomIds[2], 1100, 1105);
    await until('delivery to another', () => bodiesTo(transport, two).includes('1104'));
    await back(world);
    await until('delivery', () => world.outbound.behindOf(one) === undefined);
    // The transaction that failed comes again before the others.
    expect(bodiesTo(transport, one)).toEqual(['0', '599', '1099']);
    const kicks = transport.arrived.filter(
      ({ destination, body }) => destination === one && JSON.stringify(body).includes('"leave"'),
    );
    expect(kicks).toHaveLength(1);
    await world.sayMany(roomIds[0], 2000, 2001);
    await until('the next', () => bodiesTo(transport, one).includes('2000'));
  });
});
