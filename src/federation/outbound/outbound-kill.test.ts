// Servers that come and go while this one is killed again and again: nothing is lost, nothing comes out of order.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openFreshSqlite } from '../../../tests/harness/databases.ts';
import { fakeTransport } from '../../../tests/harness/fake-transport.ts';
import { mortalDatabase } from '../../../tests/harness/mortal-database.ts';
import { openTestRooms } from '../../../tests/harness/rooms.ts';
import { until } from '../../../tests/harness/until.ts';
import { silentLog } from '../../lib/log.ts';
import { manualClock } from '../../lib/manual-clock.ts';
import { createMetrics } from '../../lib/metrics.ts';
import type { EventId, RoomId, ServerName, UserId } from '../../protocol/ids/branded.ts';
import { destinationCursors } from '../../storage/stores/outgoing-events.ts';
import { reserveEventNids } from '../../storage/stores/persist.ts';
import { createStream } from '../../stream/stream.ts';
import { createOutbound, noEdus } from './outbound.ts';
import { createRoomServers } from './room-servers.ts';

const serverName = 'example.org' as ServerName;
const servers = ['one.test', 'two.test', 'three.test'] as ServerName[];

type Step =
  | { readonly kind: 'say'; readonly count: number; readonly room: number }
  | { readonly kind: 'answer'; readonly server: number; readonly answer: 'ok' | 'down' | 'lost' | 'never' }
  | { readonly kind: 'advance'; readonly ms: number }
  | { readonly kind: 'reach'; readonly server: number }
  | { readonly kind: 'ticks'; readonly count: number }
  | { readonly kind: 'kill' | 'kill-after-write' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('say' as const), count: fc.integer({ min: 1, max: 8 }), room: fc.nat(1) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      server: fc.nat(2),
      answer: fc.constantFrom('ok' as const, 'down' as const, 'lost' as const, 'never' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.constantFrom(1, 3000, 30_000, 4_000_000) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reach' as const), server: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('ticks' as const), count: fc.integer({ min: 1, max: 20 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('kill' as const, 'kill-after-write' as const) }) },
);

/** Every second room has all servers, the other one only the first two. */
const openWorld = async (stack: AsyncDisposableStack) => {
  const { database: db } = stack.use(await openFreshSqlite());
  const rooms = openTestRooms(db);
  const alice = await rooms.person('alice');
  const ids: RoomId[] = [await rooms.create(alice), await rooms.create(alice)];
  const members: ReadonlySet<ServerName>[] = [new Set(servers), new Set(servers.slice(0, 2))];
  for (const [index, id] of ids.entries()) {
    for (const server of members[index]!) {
      const userId = `@bob:${server}` as UserId;
      await rooms.send(id, {
        type: 'm.room.member',
        stateKey: userId,
        sender: userId,
        content: { membership: 'join' },
      });
    }
  }
  const clock = manualClock();
  const transport = fakeTransport(clock);
  const answers = new Map<ServerName, 'ok' | 'down' | 'lost' | 'never'>();
  transport.answer = (server) => answers.get(server) ?? 'ok';
  let head = 0;
  db.onCommit((commit) => {
    head = commit.head;
  });
  const start = async () => {
    // What the last process wrote is on disk, or never will be.
    await db.write(reserveEventNids, 1);
    const mortal = mortalDatabase(db, head);
    const stream = createStream({ db: mortal });
    let isDead = false;
    const outbound = createOutbound({
      db: mortal,
      clock,
      log: silentLog,
      metrics: createMetrics(),
      stream,
      serverName,
      transport: { ...transport, call: (call) => (isDead ? new Promise(() => undefined) : transport.call(call)) },
      roomServers: createRoomServers({ db: mortal, stream, serverName, source: rooms.rooms.state.source }),
      edus: noEdus,
      shutdownGraceMs: 1000,
    });
    await outbound.start();
    return {
      outbound,
      kill(afterWrite: boolean) {
        isDead = true;
        if (afterWrite) {
          mortal.killAfterWrite();
          void outbound.flush();
        }
        mortal.kill();
      },
    };
  };
  const expected = new Map<ServerName, EventId[]>(servers.map((server) => [server, []]));
  let said = 0;
  const say = async (room: number): Promise<void> => {
    said += 1;
    await rooms.say(ids[room]!, alice, `${said}`);
    for (const server of members[room]!) expected.get(server)!.push(`${said}` as EventId);
  };
  return { db, clock, transport, answers, start, say, expected };
};

const ticks = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
};

/** What a server got, each event at its first arrival. */
const received = ({ arrived }: ReturnType<typeof fakeTransport>, server: ServerName): string[] => {
  const all = arrived.filter(({ destination }) => destination === server).flatMap(({ body }) => body.pdus);
  return [...new Set(all.flatMap(({ content }) => (content.body === undefined ? [] : [content.body])))];
};

test('every server gets everything in order, whatever happens', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 30 }), async (steps) => {
      await using stack = new AsyncDisposableStack();
      const world = await openWorld(stack);
      let running = await world.start();
      for (const each of steps) {
        if (each.kind === 'say') for (let i = 0; i < each.count; i++) await world.say(each.room);
        else if (each.kind === 'answer') world.answers.set(servers[each.server]!, each.answer);
        else if (each.kind === 'advance') await world.clock.advance(each.ms);
        else if (each.kind === 'reach') world.transport.reachable(servers[each.server]!);
        else if (each.kind === 'ticks') await ticks(each.count);
        else {
          running.kill(each.kind === 'kill-after-write');
          running = await world.start();
        }
      }
      // In the end all is well.
      running.kill(false);
      world.answers.clear();
      running = await world.start();
      for (const server of servers) world.transport.reachable(server);
      await until(
        'delivery of everything',
        async () => {
          await world.clock.advance(5000);
          return servers.every(
            (server) => received(world.transport, server).length === world.expected.get(server)!.length,
          );
        },
        10_000,
      );
      for (const server of servers) expect(received(world.transport, server)).toEqual(world.expected.get(server));
      await until('end of what is repeated', async () => {
        await world.clock.advance(5000);
        await running.outbound.flush();
        return (await world.db.read(destinationCursors)).length === 0;
      });
      await running.outbound[Symbol.asyncDispose]();
      for (const server of servers) expect(received(world.transport, server)).toEqual(world.expected.get(server));
    }),
    { numRuns: 6, endOnFailure: true },
  );
});
