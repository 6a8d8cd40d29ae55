// Lets V8 keep less garbage for a while. By itself it collects the old generation only once the heap is up to four times what was
// alive: right for a server that answers, dear in memory for work that goes through very much once.

import { setFlagsFromString } from 'node:v8';

/**
 * While the work runs, V8 collects once there is garbage for so many percent of what is alive, in all threads of the process. Of
 * several such works the one that began last decides.
 */
export type WithHeapGrowth = <T>(percent: number, work: () => Promise<T>) => Promise<T>;

/** V8's own judgement. */
const UNBOUNDED_PERCENT = 0;

/** `setFlags`: what V8 is told by. */
export const createHeapGrowth = (setFlags: (flags: string) => void): WithHeapGrowth => {
  let works = 0;
  const bound = (percent: number): void => setFlags(`--heap-growing-percent=${percent}`);
  return async (percent, work) => {
    works += 1;
    bound(percent);
    try {
      return await work();
    } finally {
      works -= 1;
      if (works === 0) bound(UNBOUNDED_PERCENT);
    }
  };
};

export const withHeapGrowth = createHeapGrowth(setFlagsFromString);
