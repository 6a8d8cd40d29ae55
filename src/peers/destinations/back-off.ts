// When a server that failed is tried again.

export interface BackOffConfig {
  /** After the first failure. */
  readonly firstMs: number;
  /** At most, before jitter. */
  readonly longestMs: number;
}

const DAY_MS = 24 * 3_600_000;
const GONE_CHECK_MS_MAX = 30 * DAY_MS;
/** Nobody comes back after so long without saying so. */
const GONE_FORGOTTEN_MS = 90 * DAY_MS;
/** Servers that went down together are not asked together: up to so much is added. */
const JITTER = 0.3;

const doubled = (firstMs: number, times: number, longestMs: number): number =>
  Math.min(firstMs * 2 ** Math.min(times - 1, 40), longestMs);

const withJitter = (delayMs: number, fraction: number): number => Math.round(delayMs * (1 + JITTER * fraction));

/** `failures` in a row, from 1; `fraction`: chance, in [0, 1). */
export const retryDelayMs = (failures: number, { firstMs, longestMs }: BackOffConfig, fraction: number): number =>
  withJitter(doubled(firstMs, failures, longestMs), fraction);

/** For a server that said it is gone, since `goneForMs`: after a day, then longer and longer; undefined: never again. */
export const goneDelayMs = (checks: number, goneForMs: number, fraction: number): number | undefined =>
  goneForMs >= GONE_FORGOTTEN_MS ? undefined : withJitter(doubled(DAY_MS, checks, GONE_CHECK_MS_MAX), fraction);
