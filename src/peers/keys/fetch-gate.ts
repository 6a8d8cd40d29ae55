// Keeps us from asking a server for its keys again and again: anybody can make us want keys, by naming a server in a header.

import type { Clock } from '../../lib/clock.ts';
import { LruCache } from '../../lib/lru-cache.ts';

/** After an answer that did not bring what was wanted. */
const AFTER_ANSWER_MS = 30_000;
const AFTER_FAILURE_MS = 10_000;
const AFTER_FAILURES_MS_MAX = 300_000;
const REMEMBERED_MAX = 20_000;

interface Attempt {
  readonly nextMs: number;
  readonly failures: number;
  readonly reason: string | undefined;
}

export function createFetchGate(clock: Clock) {
  const attempts = new LruCache<string, Attempt>(REMEMBERED_MAX);
  return {
    isOpen: (key: string): boolean => (attempts.get(key)?.nextMs ?? Number.NEGATIVE_INFINITY) <= clock.monotonic(),
    answered(key: string): void {
      attempts.set(key, { nextMs: clock.monotonic() + AFTER_ANSWER_MS, failures: 0, reason: undefined });
    },
    failed(key: string, reason: string): void {
      const failures = (attempts.peek(key)?.failures ?? 0) + 1;
      const delayMs = Math.min(AFTER_FAILURE_MS * 2 ** Math.min(failures - 1, 10), AFTER_FAILURES_MS_MAX);
      attempts.set(key, { nextMs: clock.monotonic() + delayMs, failures, reason });
    },
    /** Of the last attempt, when it failed. */
    reasonOf: (key: string): string | undefined => attempts.peek(key)?.reason,
    forget: (key: string): void => void attempts.delete(key),
  };
}

export type FetchGate = ReturnType<typeof createFetchGate>;
