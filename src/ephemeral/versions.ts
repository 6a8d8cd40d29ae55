// One count for all that changes only in memory, so that a sync token needs one number for it.

import type { Clock } from '../lib/clock.ts';

export interface Versions {
  /** Of the latest change. */
  readonly latest: number;
  next(): number;
}

/** Starts above every version of earlier processes, as nothing changes a thousand times a second for long. */
export const createVersions = (clock: Clock): Versions => {
  let latest = clock.now();
  return {
    get latest() {
      return latest;
    },
    next() {
      latest += 1;
      return latest;
    },
  };
};
