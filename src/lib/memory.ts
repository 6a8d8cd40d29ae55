// What this process does with its memory, as far as V8 tells and can be told.

import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes of JavaScript's heap that are in use or kept for later, of this thread. */
export const heapSizeBytes = (): number => getHeapStatistics().total_physical_size;

type Collect = (options: { type: 'major'; execution: 'async'; flavor: 'last-resort' }) => Promise<void>;
let collect: Collect | undefined;

/** Collects all garbage and gives what is free back to the system. The thread stands still for some 50 to 100 ms. */
export const collectGarbage = async (): Promise<void> => {
  if (collect === undefined) {
    // The function is put only into contexts that are made after the flag was set.
    setFlagsFromString('--expose_gc');
    collect = runInNewContext('gc') as Collect;
  }
  await collect({ type: 'major', execution: 'async', flavor: 'last-resort' });
};

/** A function that tells which share of the time since it was last asked the event loop was busy. */
export const watchEventLoop = (): (() => number) => {
  let last = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  };
};
