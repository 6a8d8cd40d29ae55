// Forgets clients' transaction ids that are too old to be repeated, now and then.

import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Rooms } from '../rooms/rooms.ts';

const INTERVAL_MS = 3_600_000;

/** Until disposed. */
export const sweepTransactions = (rooms: Pick<Rooms, 'forgetTransactions'>, clock: Clock, log: Log): Disposable => {
  let timer = clock.after(INTERVAL_MS, sweep);
  function sweep(): void {
    rooms
      .forgetTransactions()
      .catch((err: unknown) => log.warn({ err }, 'Old transaction ids could not be forgotten.'));
    timer = clock.after(INTERVAL_MS, sweep);
  }
  return { [Symbol.dispose]: () => timer.cancel() };
};
