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
  /** Events of a round that other servers send into one room, and into 50 together. */
  readonly pdus: number;
  /** Of rounds, the waiting between them left out. */
  readonly pdusTimes: LoopTimes;
  /** Members of the rooms of other servers that are joined. */
  readonly joins: readonly number[];
  /** State events on each of two branches that meet. */
  readonly forks: readonly number[];
  /** Messages that go to 50 servers. */
  readonly fanOut: number;
  /** Messages in a room before it is joined. */
  readonly backfill: number;
}

export const fullSizes: Sizes = {
  loop: { warmUpMs: 3000, windowMs: 10_000 },
  seen: 100,
  collections: [10, 100, 1000],
  crowds: [20, 200, 2000],
  audiences: [2, 64, 500],
  history: 1500,
  starts: 5,
  pdus: 4000,
  pdusTimes: { warmUpMs: 10_000, windowMs: 10_000 },
  joins: [2000, 30_000],
  forks: [100, 500],
  fanOut: 50,
  backfill: 5000,
};

export const quickSizes: Sizes = {
  loop: { warmUpMs: 1500, windowMs: 4000 },
  seen: 30,
  collections: [10, 100],
  crowds: [20, 200],
  audiences: [2, 64],
  history: 150,
  starts: 2,
  pdus: 600,
  pdusTimes: { warmUpMs: 1500, windowMs: 1500 },
  joins: [200, 2000],
  forks: [20, 100],
  fanOut: 10,
  backfill: 500,
};
