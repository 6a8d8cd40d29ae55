// Lets a few works run at the same time and a bounded number wait for their turn, in the order they came.

export interface TurnsOptions {
  readonly runningMax: number;
  readonly waitingMax: number;
  /** What is thrown when too many wait already. */
  readonly full: () => Error;
}

export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

export function createTurns({ runningMax, waitingMax, full }: TurnsOptions): InTurn {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running < runningMax) running += 1;
    else {
      if (waiting.length >= waitingMax) throw full();
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
    try {
      return await work();
    } finally {
      // Who waits takes over the place, so that nobody comes in between.
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
