// Downloads that wait for a created content URI to be uploaded to.

import type { Clock } from '../lib/clock.ts';

export interface Arrivals {
  /** From now on `mediaId` is listened for; `done` must be called. */
  expect(mediaId: string): Expected;
  tell(mediaId: string): void;
}

export interface Expected {
  /** Resolves on the upload, after `timeoutMs`, and when the signal is aborted. */
  wait(timeoutMs: number, signal: AbortSignal): Promise<void>;
  done(): void;
}

export function createArrivals(clock: Clock): Arrivals {
  const waiting = new Map<string, Set<() => void>>();
  return {
    expect(mediaId) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const others = waiting.get(mediaId);
      if (others) others.add(resolve);
      else waiting.set(mediaId, new Set([resolve]));
      return {
        async wait(timeoutMs, signal) {
          const over = new AbortController();
          const timeout = clock.sleep(timeoutMs, AbortSignal.any([signal, over.signal])).catch(() => {});
          await Promise.race([promise, timeout]);
          over.abort();
        },
        done() {
          const all = waiting.get(mediaId);
          all?.delete(resolve);
          if (all?.size === 0) waiting.delete(mediaId);
        },
      };
    },
    tell(mediaId) {
      for (const resolve of waiting.get(mediaId) ?? []) resolve();
    },
  };
}
