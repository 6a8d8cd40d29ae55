// Housekeeping that nobody waits for, now and then.

import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';

const INTERVAL_MS = 3_600_000;

/** Until disposed. `trouble`: what is said when it fails; the next hour tries again. */
export const everyHour = (work: () => Promise<unknown>, trouble: string, clock: Clock, log: Log): Disposable => {
  let timer = clock.after(INTERVAL_MS, sweep);
  function sweep(): void {
    work().catch((err: unknown) => log.warn({ err }, trouble));
    timer = clock.after(INTERVAL_MS, sweep);
  }
  return { [Symbol.dispose]: () => timer.cancel() };
};
