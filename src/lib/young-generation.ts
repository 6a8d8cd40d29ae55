// Keeps V8's young generation from growing further while work goes through very much once. What is under way of such work is alive
// when V8 looks, whatever the size, so that growth costs memory and saves nothing; where many small things come and go it saves much.

import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import type { Clock } from './clock.ts';

/** Of both halves: smaller ones are collected too often for any work. */
const SIZE_BYTES_MIN = 16 * 1024 * 1024;
const LOOK_EVERY_MS = 250;
/** V8's own. */
const GROWTH_FACTOR = 2;

export interface YoungGeneration {
  sizeBytes(): number;
  /** By which it grows when more survives in it than it held before; 1: not at all. */
  setGrowthFactor(factor: number): void;
}

const ofThisThread: YoungGeneration = {
  sizeBytes: () => getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0,
  setGrowthFactor: (factor) => setFlagsFromString(`--semi-space-growth-factor=${factor}`),
};

/** Of several holders the last one lets go. */
export const createHoldYoungGeneration = (young: YoungGeneration) => {
  let holders = 0;
  return (clock: Clock): Disposable => {
    holders += 1;
    let timer = clock.after(0, look);
    function look(): void {
      if (young.sizeBytes() >= SIZE_BYTES_MIN) young.setGrowthFactor(1);
      else timer = clock.after(LOOK_EVERY_MS, look);
    }
    return {
      [Symbol.dispose]() {
        timer.cancel();
        holders -= 1;
        if (holders === 0) young.setGrowthFactor(GROWTH_FACTOR);
      },
    };
  };
};

/** Until disposed. */
export const holdYoungGeneration = createHoldYoungGeneration(ofThisThread);
