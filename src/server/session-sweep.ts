// Ends sessions that nobody uses any more, now and then.

import type { Auth } from '../auth/auth.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';

const INTERVAL_MS = 3_600_000;

/** Until disposed. */
export const sweepSessions = (auth: Auth, clock: Clock, log: Log): Disposable => {
  let timer = clock.after(INTERVAL_MS, sweep);
  function sweep(): void {
    auth.endInactiveSessions().catch((err: unknown) => log.warn({ err }, 'Unused sessions could not be ended.'));
    timer = clock.after(INTERVAL_MS, sweep);
  }
  return { [Symbol.dispose]: () => timer.cancel() };
};
