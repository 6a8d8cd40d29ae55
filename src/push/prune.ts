// Once a day: forgets what was notified of long ago.

import type { Clock, Timer } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Database } from '../storage/database.ts';
import { pruneNotifications } from '../storage/stores/prune-notifications.ts';

const EVERY_MS = 24 * 60 * 60_000;
const KEPT_MS = 90 * EVERY_MS;
const BATCH = 500;
/** Others write in between. */
const PAUSE_MS = 20;

export const createPruning = ({ db, clock, log }: { db: Database; clock: Clock; log: Log }) => {
  let timer: Timer | undefined;
  let isEnding = false;

  const prune = async (): Promise<void> => {
    const before = clock.now() - KEPT_MS;
    let after: number | undefined = 0;
    while (after !== undefined && !isEnding) {
      after = await db.write(pruneNotifications, { after, before, limit: BATCH });
      await clock.sleep(PAUSE_MS);
    }
  };

  const schedule = (): void => {
    timer = clock.after(EVERY_MS, () => {
      schedule();
      prune().catch((err: unknown) => log.warn({ err }, 'Old notifications could not be forgotten.'));
    });
  };

  return {
    start: schedule,
    [Symbol.dispose](): void {
      isEnding = true;
      timer?.cancel();
    },
  };
};
