// When servers last answered and were last heard from: gathered, and written down now and then, since it changes with
// every request.

import type { Clock, Timer } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { LruCache } from '../../lib/lru-cache.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import type { DestinationContact } from '../../storage/stores/destinations.ts';

type Kind = 'successTs' | 'heardTs';

const FLUSH_INTERVAL_MS = 30_000;
/** A server is written down at most this often for the same kind of contact. */
const WRITE_INTERVAL_MS = 600_000;
const REMEMBERED_MAX = 50_000;
const PENDING_MAX = 5000;

export function createContacts(
  clock: Clock,
  save: (contacts: readonly DestinationContact[]) => Promise<void>,
  log: Log,
) {
  const pending = new Map<ServerName, { successTs: number | null; heardTs: number | null }>();
  const writtenAt = new LruCache<string, number>(REMEMBERED_MAX);
  let timer: Timer | undefined;

  const flush = async (): Promise<void> => {
    timer?.cancel();
    timer = undefined;
    if (pending.size === 0) return;
    const contacts = [...pending].map(([serverName, times]) => ({ serverName, ...times, endsTrouble: false }));
    pending.clear();
    await save(contacts).catch((err: unknown) => log.warn({ err }, 'Contacts with servers could not be written down.'));
  };

  const take = (server: ServerName, kind: Kind) => {
    const times = pending.get(server) ?? { successTs: null, heardTs: null };
    times[kind] = clock.now();
    writtenAt.set(`${kind} ${server}`, clock.now());
    return times;
  };

  return {
    note(server: ServerName, kind: Kind): void {
      const lastTs = writtenAt.get(`${kind} ${server}`) ?? Number.NEGATIVE_INFINITY;
      if (clock.now() - lastTs < WRITE_INTERVAL_MS) return;
      pending.set(server, take(server, kind));
      if (pending.size >= PENDING_MAX) void flush();
      else timer ??= clock.after(FLUSH_INTERVAL_MS, () => void flush());
    },

    /** Writes at once that a server's trouble is over. */
    end(server: ServerName, kind: Kind): Promise<void> {
      const times = take(server, kind);
      pending.delete(server);
      return save([{ serverName: server, ...times, endsTrouble: true }]);
    },

    flush,
  };
}
