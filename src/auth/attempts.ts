// Guessing of passwords and tokens, slowed down by the account that is attacked: addresses are limited at the edge.

import type { Clock } from '../lib/clock.ts';
import { createLimiter, type Rate } from '../lib/limiter.ts';
import { limitExceeded } from '../protocol/errors/matrix-error.ts';

export interface AttemptsConfig extends Rate {
  readonly enabled: boolean;
}

export const createAttempts = ({ clock, config }: { clock: Clock; config: AttemptsConfig }) => {
  const limiter = config.enabled ? createLimiter(config, clock) : undefined;
  return {
    /** Whether `attempt` succeeded; only failures count. Throws M_LIMIT_EXCEEDED when there were too many against `target`. */
    async attempt(target: string, attempt: () => Promise<boolean>): Promise<boolean> {
      const waitMs = limiter?.take(target) ?? 0;
      if (waitMs > 0) throw limitExceeded('Too many failed attempts. Try again later.', waitMs);
      const succeeded = await attempt();
      // Gives back what the attempt took.
      if (succeeded) limiter?.take(target, -1);
      return succeeded;
    },
  };
};

export type Attempts = ReturnType<typeof createAttempts>;
