// Servers that are left alone for now, with one timer for all of them.

import type { Clock, Timer } from '../../lib/clock.ts';

export interface Parked {
  /** When it is tried again, in milliseconds since the epoch. */
  readonly retryTs: number;
}

/** Many that are due at about the same time are woken together. */
const WAIT_MS_MIN = 50;

export const createParking = <T extends Parked>(clock: Clock, wake: (item: T) => void) => {
  const parked = new Set<T>();
  let timer: { readonly dueTs: number; readonly handle: Timer } | undefined;

  const schedule = (dueTs: number): void => {
    if (timer && timer.dueTs <= dueTs) return;
    timer?.handle.cancel();
    const handle = clock.after(Math.max(WAIT_MS_MIN, dueTs - clock.now()), ring);
    timer = { dueTs, handle };
  };

  const ring = (): void => {
    timer = undefined;
    const nowTs = clock.now();
    let next = Number.POSITIVE_INFINITY;
    for (const item of [...parked]) {
      if (item.retryTs > nowTs) next = Math.min(next, item.retryTs);
      else if (parked.delete(item)) wake(item);
    }
    if (next < Number.POSITIVE_INFINITY) schedule(next);
  };

  return {
    park(item: T): void {
      parked.add(item);
      schedule(item.retryTs);
    },
    /** False: it was not parked. */
    release: (item: T): boolean => parked.delete(item),
    close(): void {
      timer?.handle.cancel();
      timer = undefined;
      parked.clear();
    },
    get size() {
      return parked.size;
    },
  };
};

export type Parking<T extends Parked> = ReturnType<typeof createParking<T>>;
