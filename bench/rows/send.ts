// Messages acknowledged: 64 senders in one room of theirs, and over 200 rooms of 2 members.

import type { Ask } from '../load/closed-loop.ts';
import { closedLoop } from '../load/closed-loop.ts';
import { inLanes } from '../load/in-lanes.ts';
import { openLoop } from '../load/open-loop.ts';
import { percentile } from '../load/statistics.ts';
import type { World } from '../world.ts';
import type { Context, Row } from './row.ts';

const SENDERS = 64;
const ROOMS = 200;

const oneRoom = async (world: World): Promise<Ask[]> => {
  const { roomId, members } = await world.crowd(SENDERS);
  return members.map((member) => {
    const sender = world.sender(member, roomId);
    return () => sender.send();
  });
};

/** Each sender goes around the rooms that they are a member of. */
const manyRooms = async (world: World): Promise<Ask[]> => {
  const users = await world.users(SENDERS);
  const rooms = await world.once('200 rooms', () =>
    inLanes(Array.from({ length: ROOMS }), 8, (_, index) =>
      world.room([users[index % SENDERS]!, users[(index + 1) % SENDERS]!]),
    ),
  );
  return users.map((user) => {
    const connection = user.connect();
    const own = rooms.filter(({ members }) => members.includes(user));
    const senders = own.map(({ roomId }) => world.sender(user, roomId, connection));
    let turn = 0;
    return () => senders[turn++ % senders.length]!.send();
  });
};

const measureSends = async (context: Context, name: string, asks: readonly Ask[]): Promise<void> => {
  const { world, repeats, record, noteForeign } = context;
  for (let repeat = 0; repeat < repeats; repeat++) {
    const result = await closedLoop(world.server, asks, world.sizes.loop);
    noteForeign(result.foreignShare);
    record(`send, ${name}`, 'per second', result.perSecond);
    record(`send, ${name}: CPU`, 'CPU ms', result.cpuMsPerOperation);
    record(`send, ${name}: p50 at full load`, 'ms', percentile(result.latenciesMs, 0.5));
    record(`send, ${name}: p99 at full load`, 'ms', percentile(result.latenciesMs, 0.99));
  }
};

const measureHalfLoad = async (context: Context, name: string, asks: readonly Ask[]): Promise<void> => {
  const { world, repeats, record, recorded } = context;
  const rate = recorded(`send, ${name}`) / 2;
  for (let repeat = 0; repeat < repeats; repeat++) {
    const latenciesMs = await openLoop(asks, rate, world.sizes.loop);
    for (const share of [50, 90, 99]) {
      record(`send, ${name}: p${share} at half load`, 'ms', percentile(latenciesMs, share / 100));
    }
  }
};

const sendRow = (name: string, clients: (world: World) => Promise<Ask[]>): Row => ({
  name: `send-${name.replaceAll(' ', '-')}`,
  async run(context) {
    const asks = await clients(context.world);
    await measureSends(context, name, asks);
    await measureHalfLoad(context, name, asks);
  },
});

export const sendRows: readonly Row[] = [sendRow('one room', oneRoom), sendRow('200 rooms', manyRooms)];
