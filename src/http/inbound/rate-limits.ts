// The rate limiter of the edge: a bucket for each class and caller, by user where there is one, else by address.

import { limitKey } from '../../lib/address.ts';
import type { Clock } from '../../lib/clock.ts';
import { createLimiter, type Limiter, type Rate } from '../../lib/limiter.ts';
import { limitExceeded } from '../../protocol/errors/matrix-error.ts';
import type { RateLimit } from './endpoint.ts';

export interface RateLimitConfig extends Rate {
  readonly enabled: boolean;
}

export type RateLimitsConfig = { readonly [K in Exclude<RateLimit, 'none'>]: RateLimitConfig } & {
  /** Off: no class is limited. */
  readonly enabled: boolean;
};

export interface RateLimits {
  /** Throws M_LIMIT_EXCEEDED with retry_after_ms and Retry-After. `user` is a user id or server name. */
  check(limit: RateLimit, user: string | undefined, address: string): void;
}

export function createRateLimits(config: RateLimitsConfig, clock: Clock): RateLimits {
  const limiters = new Map<RateLimit, Limiter>();
  if (config.enabled) {
    const { enabled: _, ...classes } = config;
    for (const [name, rate] of Object.entries(classes)) {
      if (rate.enabled) limiters.set(name as RateLimit, createLimiter(rate, clock));
    }
  }
  return {
    check(limit, user, address) {
      const limiter = limiters.get(limit);
      if (!limiter) return;
      const waitMs = limiter.take(user ?? limitKey(address));
      if (waitMs > 0) throw limitExceeded('Too many requests. Try again later.', waitMs);
    },
  };
}
