// Lets destinations take turns, in the order in which they came. Servers that failed before wait among themselves, and who takes
// long for an answer makes room for others: dead ones hold up nobody.

import type { Clock } from '../../lib/clock.ts';

export interface LanesOptions<T> {
  readonly clock: Clock;
  /** Never rejects. */
  readonly run: (item: T) => Promise<void>;
  /** Asked when it is queued. */
  readonly isSuspect: (item: T) => boolean;
  readonly runningMax?: number;
}

const RUNNING_MAX = 100;
const SUSPECTS_MAX = 50;
/** Beside those: who has been running for longer than slowMs. */
const SLOW_MAX = 400;
const SLOW_MS = 3000;

interface Lane<T> {
  readonly queue: Set<T>;
  readonly runningMax: number;
  running: number;
}

export const createLanes = <T>({ clock, run, isSuspect, runningMax = RUNNING_MAX }: LanesOptions<T>) => {
  const well: Lane<T> = { queue: new Set(), runningMax, running: 0 };
  const suspect: Lane<T> = { queue: new Set(), runningMax: SUSPECTS_MAX, running: 0 };
  let slow = 0;
  const underWay = new Set<Promise<void>>();
  let isClosed = false;

  const start = async (lane: Lane<T>, item: T): Promise<void> => {
    lane.running += 1;
    let isSlow = false;
    const timer = clock.after(SLOW_MS, () => {
      if (slow >= SLOW_MAX) return;
      isSlow = true;
      slow += 1;
      lane.running -= 1;
      pump(lane);
    });
    await run(item);
    timer.cancel();
    if (isSlow) slow -= 1;
    else lane.running -= 1;
    pump(lane);
  };

  const pump = (lane: Lane<T>): void => {
    for (const item of lane.queue) {
      if (isClosed || lane.running >= lane.runningMax) return;
      lane.queue.delete(item);
      const running = start(lane, item).finally(() => underWay.delete(running));
      underWay.add(running);
    }
  };

  return {
    /** Once for each turn: an item that waits already keeps its place. */
    queue(item: T): void {
      const lane = isSuspect(item) ? suspect : well;
      lane.queue.add(item);
      pump(lane);
    },
    counts: () => ({ running: underWay.size, queued: well.queue.size + suspect.queue.size }),
    /** Nobody's turn comes any more. Resolves when those are done whose turn it is. */
    async close(): Promise<void> {
      isClosed = true;
      await Promise.all(underWay);
    },
  };
};

export type Lanes<T> = ReturnType<typeof createLanes<T>>;
