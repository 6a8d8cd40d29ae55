// A token bucket for each key: `burst` at once, then `perSecond` on average.

import type { Clock } from './clock.ts';

export interface Rate {
  /** Tokens that come back each second; may be a fraction. */
  readonly perSecond: number;
  /** The most tokens a bucket holds. */
  readonly burst: number;
}

export interface Limiter {
  /** Takes `cost` tokens. 0: taken. Otherwise nothing is taken and the answer is the wait in ms until it would work. */
  take(key: string, cost?: number): number;
  /** Buckets held: at most `keysMax`. */
  readonly size: number;
}

interface Bucket {
  tokens: number;
  at: number;
}

/**
 * When more than `keysMax` keys are active, the bucket longest unused is forgotten (and so full again): memory is
 * bounded, and a flood of new keys costs the attacker one request for each.
 */
export function createLimiter(rate: Rate, clock: Pick<Clock, 'monotonic'>, keysMax = 50_000): Limiter {
  const buckets = new Map<string, Bucket>();
  const perMs = rate.perSecond / 1000;
  return {
    take(key, cost = 1) {
      const now = clock.monotonic();
      const known = buckets.get(key);
      const bucket = known ?? { tokens: rate.burst, at: now };
      if (known) buckets.delete(key);
      else if (buckets.size >= keysMax) {
        const oldest = buckets.keys().next();
        if (!oldest.done) buckets.delete(oldest.value);
      }
      buckets.set(key, bucket);
      bucket.tokens = Math.min(rate.burst, bucket.tokens + (now - bucket.at) * perMs);
      bucket.at = now;
      // A small tolerance: repeated refills add up rounding errors.
      if (bucket.tokens + 1e-6 >= cost) {
        bucket.tokens -= cost;
        return 0;
      }
      return perMs > 0 ? Math.max(1, Math.ceil((cost - bucket.tokens) / perMs - 1e-3)) : 3_600_000;
    },
    get size() {
      return buckets.size;
    },
  };
}
