// /sync of users in more and more rooms: the first one of a new device, then with nothing new, then with one message.

import { startMeter } from '../load/meter.ts';
import { percentile } from '../load/statistics.ts';
import { loginAgain, type User } from '../load/user.ts';
import type { Context, Row } from './row.ts';

const INCREMENTAL_SYNCS = 100;

interface Synced {
  readonly next_batch: string;
  readonly rooms?: { readonly join?: Readonly<Record<string, unknown>> };
}

const sync = async (user: User, since?: string): Promise<Synced> =>
  (await user.call('GET', since ? `/sync?timeout=0&since=${since}` : '/sync?timeout=0')) as unknown as Synced;

/** A new device each time, as Synapse keeps an initial answer for two minutes. */
const initial = async ({ world, record, noteForeign }: Context, user: User, size: number): Promise<User> => {
  const device = await loginAgain(world.server.port, user);
  // The connection is there already.
  await device.call('GET', '/account/whoami');
  const stop = startMeter(world.server);
  const answer = await sync(device);
  const { seconds, serverCpuSeconds, foreignShare } = stop();
  const count = Object.keys(answer.rooms?.join ?? {}).length;
  if (count !== size) throw new Error(`an initial /sync of ${size} rooms answered ${count}`);
  noteForeign(foreignShare);
  record(`/sync, initial @${size}`, 'ms', seconds * 1000);
  record(`/sync, initial: CPU @${size}`, 'CPU ms', serverCpuSeconds * 1000);
  return device;
};

const incremental = async (context: Context, device: User, size: number, roomIds: readonly string[]): Promise<void> => {
  const { world, record } = context;
  let { next_batch: since } = await sync(device);
  const timesMs = { nothing: [] as number[], message: [] as number[] };
  const timed = async (times: number[]): Promise<void> => {
    const startedAt = performance.now();
    ({ next_batch: since } = await sync(device, since));
    times.push(performance.now() - startedAt);
  };
  const stop = startMeter(world.server);
  for (let time = 0; time < INCREMENTAL_SYNCS; time++) await timed(timesMs.nothing);
  const { serverCpuSeconds } = stop();
  const connection = device.connect();
  for (let time = 0; time < INCREMENTAL_SYNCS; time++) {
    await world.sender(device, roomIds[time % roomIds.length]!, connection).send();
    await timed(timesMs.message);
  }
  record(`/sync, nothing new @${size}`, 'ms', percentile(timesMs.nothing, 0.5));
  record(`/sync, nothing new: CPU @${size}`, 'CPU ms', (serverCpuSeconds * 1000) / INCREMENTAL_SYNCS);
  record(`/sync, one message @${size}`, 'ms', percentile(timesMs.message, 0.5));
};

export const syncRow: Row = {
  name: 'sync',
  async run(context) {
    const { world, repeats } = context;
    for (const size of world.sizes.collections) {
      const { user, roomIds } = await world.collector(size);
      for (let repeat = 0; repeat < repeats; repeat++) {
        const device = await initial(context, user, size);
        await incremental(context, device, size, roomIds);
      }
    }
  },
};
