// Keeps us from asking a server for its keys again and again: anybody can make us want keys, by naming a server in a header.

import type { Clock } from '../../lib/clock.ts';
import { LruCache } from '../../lib/lru-cache.ts';

/** A server that changed its key a moment ago, as it is started again, is believed soon. */
const AFTER_ANSWER_MS = 1000;
/** After an answer that did not bring what was wanted. */
const AFTER_LACK_MS = 30_000;
const AFTER_FAILURE_MS = 10_000;
const AFTER_FAILURES_MS_MAX = 300_000;
const REMEMBERED_MAX = 20_000;

interface Attempt {
  readonly atMs: number;
  readonly nextMs: number;
  readonly failures: number;
  readonly reason: string | undefined;
}

export function createFetchGate(clock: Clock) {
  const attempts = new LruCache<string, Attempt>(REMEMBERED_MAX);
  const keep = (key: string, delayMs: number, failures: number, reason?: string): void => {
    const atMs = clock.monotonic();
    attempts.set(key, { atMs, nextMs: atMs + delayMs, failures, reason });
  };
  return {
    isOpen: (key: string): boolean => (attempts.get(key)?.nextMs ?? Number.NEGATIVE_INFINITY) <= clock.monotonic(),
    answered: (key: string): void => keep(key, AFTER_ANSWER_MS, 0),
    /** What is wanted since `sinceMs` (monotonic) is not there. An answer from before tells nothing of it. */
    lacked(key: string, sinceMs: number): void {
      const last = attempts.peek(key);
      if (last?.failures === 0 && last.atMs >= sinceMs)
        attempts.set(key, { ...last, nextMs: last.atMs + AFTER_LACK_MS });
    },
    failed(key: string, reason: string): void {
      const failures = (attempts.peek(key)?.failures ?? 0) + 1;
      const delayMs = Math.min(AFTER_FAILURE_MS * 2 ** Math.min(failures - 1, 10), AFTER_FAILURES_MS_MAX);
      keep(key, delayMs, failures, reason);
    },
    /** Of the last attempt, when it failed. */
    reasonOf: (key: string): string | undefined => attempts.peek(key)?.reason,
    forget: (key: string): void => void attempts.delete(key),
  };
}

export type FetchGate = ReturnType<typeof createFetchGate>;
