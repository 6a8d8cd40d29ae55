// Lets a few works run at the same time and others wait for their turn, in the order they came.

export interface TurnsOptions {
  readonly runningMax: number;
  readonly waitingMax: number;
  /** What is thrown when too many wait already. */
  readonly full: () => Error;
}

/** For whoever gives a bounded number of works at most, so that all may wait. */
type UnboundedTurnsOptions = Pick<TurnsOptions, 'runningMax'>;

export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

export function createTurns(options: TurnsOptions | UnboundedTurnsOptions): InTurn {
  const { runningMax } = options;
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running < runningMax) running += 1;
    else {
      if ('waitingMax' in options && waiting.length >= options.waitingMax) throw options.full();
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
