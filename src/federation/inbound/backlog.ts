// How much other servers sent that is not worked off yet, each and in all; and until when that is borne.

import type { Clock } from '../../lib/clock.ts';
import { limitExceeded } from '../../protocol/errors/matrix-error.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';

/** A transaction of which something is still to be done. */
export interface PendingWork {
  /** In storage; 0 until it is stored. */
  nid: number;
  readonly origin: ServerName;
  readonly receivedTs: number;
  readonly sizeBytes: number;
  readonly pdus: number;
  /** Works that are not done: one for each event, and one for the EDUs. */
  left: number;
  /** Some of it could not be done by a fault of this server: it stays stored, and is taken up again at the next start. */
  isKept: boolean;
}

export interface BacklogOptions {
  readonly clock: Clock;
  /** Told of each transaction once nothing of it is left. */
  readonly onDone: (work: PendingWork) => void;
}

/** Events of one server. Half of what all may have is for servers with less than a tenth of that. */
const ORIGIN_PDUS_MAX = 1000;
const TOTAL_PDUS_MAX = 20_000;
const ORIGIN_SIZE_BYTES_MAX = 16 * 1024 * 1024;
const TOTAL_SIZE_BYTES_MAX = 128 * 1024 * 1024;
const RETRY_AFTER_MS = 5000;

interface Load {
  pdus: number;
  sizeBytes: number;
}

export const createBacklog = ({ clock, onDone }: BacklogOptions) => {
  const works = new Set<PendingWork>();
  const byOrigin = new Map<ServerName, Load>();
  const total: Load = { pdus: 0, sizeBytes: 0 };

  const add = (origin: ServerName, { pdus, sizeBytes }: Load, sign: 1 | -1): void => {
    const load = byOrigin.get(origin) ?? { pdus: 0, sizeBytes: 0 };
    for (const each of [load, total]) {
      each.pdus += sign * pdus;
      each.sizeBytes += sign * sizeBytes;
    }
    if (load.pdus === 0 && load.sizeBytes === 0) byOrigin.delete(origin);
    else byOrigin.set(origin, load);
  };

  return {
    /** Throws M_LIMIT_EXCEEDED when a transaction more would be too much. */
    check(origin: ServerName): void {
      const { pdus, sizeBytes } = byOrigin.get(origin) ?? { pdus: 0, sizeBytes: 0 };
      const isCrowded = total.pdus > TOTAL_PDUS_MAX / 2 || total.sizeBytes > TOTAL_SIZE_BYTES_MAX / 2;
      const share = isCrowded ? 0.1 : 1;
      if (pdus >= ORIGIN_PDUS_MAX * share || sizeBytes >= ORIGIN_SIZE_BYTES_MAX * share) {
        throw limitExceeded('Too much of what you sent before is still to be worked off', RETRY_AFTER_MS);
      }
      if (total.pdus >= TOTAL_PDUS_MAX || total.sizeBytes >= TOTAL_SIZE_BYTES_MAX) {
        throw limitExceeded('Too much is still to be worked off here', RETRY_AFTER_MS);
      }
    },
    add(work: PendingWork): void {
      works.add(work);
      add(work.origin, work, 1);
    },
    /** Nothing of it is to be done after all. */
    cancel(work: PendingWork): void {
      if (works.delete(work)) add(work.origin, work, -1);
    },
    /** One of its works is done. */
    done(work: PendingWork): void {
      work.left -= 1;
      if (work.left > 0 || !works.delete(work)) return;
      add(work.origin, work, -1);
      onDone(work);
    },
    counts: () => {
      const oldest = works.values().next().value;
      return {
        transactions: works.size,
        pdus: total.pdus,
        sizeBytes: total.sizeBytes,
        oldestAgeMs: oldest ? Math.max(0, clock.now() - oldest.receivedTs) : 0,
      };
    },
  };
};
