// Gives memory back when work is done. V8 collects only while it allocates, so a process at rest would keep what its busiest
// time took: twice as much as it needs.

import type { Clock } from './clock.ts';
import { collectGarbage, heapSizeBytes, watchEventLoop } from './memory.ts';

const CHECK_INTERVAL_MS = 1000;
/** A check that finds less of the time busy than this is one at rest. */
const REST_SHARE_MAX = 0.05;
/** Checks at rest, one after the other, before memory is given back: the next request is not to meet the pause. */
const REST_CHECKS = 2;
/** A heap that did not grow by so much since is left alone. */
const GROWTH_BYTES_MIN = 16 * 1024 * 1024;
const INTERVAL_MS_MIN = 10_000;

export interface Memory {
  /** The share of the time since the last call that was busy. */
  busyShare(): number;
  sizeBytes(): number;
  giveBack(): Promise<void>;
}

const ofThisThread = (): Memory => ({
  busyShare: watchEventLoop(),
  sizeBytes: heapSizeBytes,
  giveBack: collectGarbage,
});

/** Until disposed. */
export const giveMemoryBackAtRest = (clock: Clock, memory: Memory = ofThisThread()): Disposable => {
  let restChecks = 0;
  let sizeAfter = 0;
  let nextAt = 0;
  let isOver = false;
  let timer = clock.after(CHECK_INTERVAL_MS, check);

  const giveBackIfDue = async (): Promise<void> => {
    restChecks = memory.busyShare() < REST_SHARE_MAX ? restChecks + 1 : 0;
    const isDue = restChecks >= REST_CHECKS && clock.monotonic() >= nextAt;
    if (isDue && memory.sizeBytes() > sizeAfter + GROWTH_BYTES_MIN) {
      await memory.giveBack();
      sizeAfter = memory.sizeBytes();
      nextAt = clock.monotonic() + INTERVAL_MS_MIN;
    }
  };

  function check(): void {
    void giveBackIfDue().finally(() => {
      if (!isOver) timer = clock.after(CHECK_INTERVAL_MS, check);
    });
  }

  return {
    [Symbol.dispose]() {
      isOver = true;
      timer.cancel();
    },
  };
};
