// A clock that moves only when told to: time in tests without waiting.

import { type Clock, sleepOn, type Timer } from './clock.ts';

export interface ManualClock extends Clock {
  /** Moves time forward; timers that fall due run in order of their time, with microtasks between them. */
  advance(byMs: number): Promise<void>;
  /** Timers not yet run or cancelled. */
  readonly pending: number;
}

interface Due {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

export function manualClock(startMs = 1_700_000_000_000): ManualClock {
  let elapsed = 0;
  let order = 0;
  const timers = new Set<Due>();

  const after = (delayMs: number, run: () => void): Timer => {
    const due: Due = { at: elapsed + Math.max(delayMs, 0), order: order++, run };
    timers.add(due);
    return { cancel: () => timers.delete(due) };
  };
  const next = (until: number): Due | undefined => {
    let first: Due | undefined;
    for (const due of timers) {
      if (due.at > until) continue;
      if (!first || due.at < first.at || (due.at === first.at && due.order < first.order)) first = due;
    }
    return first;
  };

  return {
    now: () => startMs + elapsed,
    monotonic: () => elapsed,
    after,
    sleep: sleepOn(after),
    get pending() {
      return timers.size;
    },
    async advance(byMs) {
      const until = elapsed + byMs;
      for (let due = next(until); due; due = next(until)) {
        timers.delete(due);
        elapsed = due.at;
        due.run();
        await new Promise((resolve) => setImmediate(resolve));
      }
      elapsed = until;
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}
