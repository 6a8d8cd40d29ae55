// Writes the health of other servers down: trouble at once; when they last answered and were last heard from, which
// changes with every request, gathered and now and then.

import type { Clock, Timer } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { LruCache } from '../../lib/lru-cache.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import type { Database } from '../../storage/database.ts';
import {
  type DestinationTrouble,
  saveDestinationContacts,
  saveDestinationTrouble,
} from '../../storage/stores/destinations.ts';

export type ContactKind = 'successTs' | 'heardTs';

const FLUSH_INTERVAL_MS = 30_000;
/** A server is written down at most this often for the same kind of contact. */
const WRITE_INTERVAL_MS = 600_000;
const REMEMBERED_MAX = 50_000;
const PENDING_MAX = 5000;

export interface HealthRecordDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
}

export function createHealthRecord({ db, clock, log }: HealthRecordDeps) {
  const pending = new Map<ServerName, { successTs: number | null; heardTs: number | null }>();
  const writtenAt = new LruCache<string, number>(REMEMBERED_MAX);
  const writing = new Set<Promise<void>>();
  let timer: Timer | undefined;

  /** What cannot be written is known in memory all the same: nobody's request fails for it. */
  const track = (written: Promise<void>): Promise<void> => {
    const done = written
      .catch((err: unknown) => log.warn({ err }, 'The health of other servers could not be written down.'))
      .finally(() => writing.delete(done));
    writing.add(done);
    return done;
  };

  const take = (server: ServerName, kind: ContactKind) => {
    const times = pending.get(server) ?? { successTs: null, heardTs: null };
    times[kind] = clock.now();
    writtenAt.set(`${kind} ${server}`, clock.now());
    return times;
  };

  const writePending = (): void => {
    timer?.cancel();
    timer = undefined;
    if (pending.size === 0) return;
    const contacts = [...pending].map(([serverName, times]) => ({ serverName, ...times, endsTrouble: false }));
    pending.clear();
    void track(db.write(saveDestinationContacts, contacts));
  };

  return {
    /** Resolves when it is written. */
    trouble: (trouble: DestinationTrouble): Promise<void> => track(db.write(saveDestinationTrouble, trouble)),

    contact(server: ServerName, kind: ContactKind): void {
      const lastTs = writtenAt.get(`${kind} ${server}`) ?? Number.NEGATIVE_INFINITY;
      if (clock.now() - lastTs < WRITE_INTERVAL_MS) return;
      pending.set(server, take(server, kind));
      if (pending.size >= PENDING_MAX) writePending();
      else timer ??= clock.after(FLUSH_INTERVAL_MS, writePending);
    },

    /** A contact that ends the server's trouble. */
    end(server: ServerName, kind: ContactKind): void {
      const times = take(server, kind);
      pending.delete(server);
      void track(db.write(saveDestinationContacts, [{ serverName: server, ...times, endsTrouble: true }]));
    },

    /** Resolves when everything is written. */
    async flush(): Promise<void> {
      writePending();
      await Promise.all(writing);
    },
  };
}
