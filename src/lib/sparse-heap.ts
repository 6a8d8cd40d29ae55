// Lets V8 keep less garbage for a while. By itself it collects the old generation only once the heap is up to four times what was
// alive: right for a server that answers, dear in memory for work that goes through very much once.

import { setFlagsFromString } from 'node:v8';

/** Garbage in the old generation, as a share of what is alive, at which V8 collects. Costs such work about a quarter more CPU. */
const GROWTH_PERCENT = 30;
/** V8's own judgement. */
const UNBOUNDED_PERCENT = 0;

let works = 0;

const bound = (percent: number): void => setFlagsFromString(`--heap-growing-percent=${percent}`);

/** As long as some such work runs the whole process's heaps are kept small. */
export const withSparseHeap = async <T>(work: () => Promise<T>): Promise<T> => {
  works += 1;
  if (works === 1) bound(GROWTH_PERCENT);
  try {
    return await work();
  } finally {
    works -= 1;
    if (works === 0) bound(UNBOUNDED_PERCENT);
  }
};
