// Lets transactions in as fast as their events are judged. What is read and waits in queues fills memory, and is in the way of
// what judges it; who sent it waits for the answer as well.

import type { Clock } from '../../lib/clock.ts';

export interface IntakeDeps {
  readonly clock: Pick<Clock, 'after'>;
  /** Events in the queues of rooms that get on: who waits for a room that is stuck would wait for nothing. */
  readonly queued: () => number;
}

/** Some batches: what is judged next is here before it is asked for. */
const QUEUED_MAX = 400;
const WAIT_MS_MAX = 250;

export const createIntake = ({ clock, queued }: IntakeDeps) => {
  const waiting: (() => void)[] = [];
  return {
    /** Resolves when the queues are short enough for a transaction more, and after a quarter of a second anyway. */
    async open(): Promise<void> {
      if (waiting.length === 0 && queued() < QUEUED_MAX) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push(resolve);
      const timer = clock.after(WAIT_MS_MAX, resolve);
      await promise;
      timer.cancel();
      const at = waiting.indexOf(resolve);
      if (at >= 0) waiting.splice(at, 1);
    },
    /** The queues have become shorter: lets in those who fit, first come first served. `sizeMax`: events of a transaction. */
    shrank(sizeMax: number): void {
      if (waiting.length === 0) return;
      for (let room = QUEUED_MAX - queued(); room > 0; room -= sizeMax) waiting.shift()?.();
    },
  };
};
