// How much the bench does: in full, or quickly for a first look.

import type { LoopTimes } from './load/closed-loop.ts';

export interface Sizes {
  readonly loop: LoopTimes;
  /** Sends that listeners wait for. */
  readonly seen: number;
  /** Rooms of the users who sync. */
  readonly collections: readonly number[];
  /** Members of the rooms whose members are listed. */
  readonly crowds: readonly number[];
  /** Members of the rooms into which two of them send. */
  readonly audiences: readonly number[];
  /** Messages in each of the four rooms that are paged through. */
  readonly history: number;
  readonly starts: number;
}

export const fullSizes: Sizes = {
  loop: { warmUpMs: 3000, windowMs: 10_000 },
  seen: 100,
  collections: [10, 100, 1000],
  crowds: [20, 200, 2000],
  audiences: [2, 64, 500],
  history: 1500,
  starts: 5,
};

export const quickSizes: Sizes = {
  loop: { warmUpMs: 1500, windowMs: 4000 },
  seen: 30,
  collections: [10, 100],
  crowds: [20, 200],
  audiences: [2, 64],
  history: 150,
  starts: 2,
};
