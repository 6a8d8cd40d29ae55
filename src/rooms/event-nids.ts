// Event nids are handed out in memory from blocks that were reserved durably, so a draft knows its nid before it is written.
// Nids of drafts that came to nothing stay unused.

import type { Database } from '../storage/database.ts';
import { reserveEventNids } from '../storage/stores/persist.ts';

const BLOCK = 10_000;

export interface EventNids {
  /** `count` consecutive nids: the answer is the first. */
  take(count: number): Promise<number>;
}

export const createEventNids = (deps: { db: Database }): EventNids => {
  let next = 0;
  let end = 0;
  let filling: Promise<void> | undefined;

  const refill = (): Promise<void> => {
    filling ??= deps.db
      .write(reserveEventNids, BLOCK)
      .then((first) => {
        next = first;
        end = first + BLOCK;
      })
      .finally(() => {
        filling = undefined;
      });
    return filling;
  };

  return {
    async take(count) {
      if (count > BLOCK) throw new RangeError(`${count} event nids at once`);
      while (next + count > end) await refill();
      next += count;
      return next - count;
    },
  };
};
