// What a failure makes of the trouble that a server is in.

import type { DestinationTrouble } from '../../storage/stores/destinations.ts';
import type { PeerError } from '../peer-error.ts';
import { type BackOffConfig, goneDelayMs, retryDelayMs } from './back-off.ts';

export interface FailureFacts {
  /** undefined: all was well before. */
  readonly before: DestinationTrouble | undefined;
  readonly error: PeerError;
  readonly nowTs: number;
  readonly backOff: BackOffConfig;
  /** Chance, in [0, 1). */
  readonly fraction: number;
}

const REASON_LENGTH_MAX = 500;

export function afterFailure({ before, error, nowTs, backOff, fraction }: FailureFacts): DestinationTrouble {
  const goneBeforeTs = before?.goneTs ?? null;
  const isNewlyGone = error.isGone && goneBeforeTs === null;
  // A server that is gone stays so, whatever fails later: its name may end, its address may be another's.
  const goneTs = isNewlyGone ? nowTs : goneBeforeTs;
  const failures = isNewlyGone ? 1 : (before?.failures ?? 0) + 1;
  const delayMs =
    goneTs === null
      ? Math.max(retryDelayMs(failures, backOff, fraction), Math.min(error.retryAfterMs ?? 0, backOff.longestMs))
      : goneDelayMs(failures, nowTs - goneTs, fraction);
  return {
    serverName: error.destination,
    stage: error.stage,
    reason: error.message.slice(0, REASON_LENGTH_MAX),
    sinceTs: before?.sinceTs ?? nowTs,
    lastFailureTs: nowTs,
    failures,
    retryTs: delayMs === undefined ? null : nowTs + delayMs,
    goneTs,
  };
}
