// Opens a Unix socket for an inbound edge: whoever may write to the file may ask.

import { chmod, rm } from 'node:fs/promises';
import type { Clock } from '../../lib/clock.ts';
import type { Inbound } from './inbound.ts';

const { createServer } = process.getBuiltinModule('node:http');

const CONNECTIONS_MAX = 20;

export interface PathListener {
  /** Stops accepting; waits at most `graceMs` for running requests. */
  close(graceMs: number, clock: Clock): Promise<void>;
}

/** Only for the user that the server runs as. What stands at `path` is replaced. Rejects with the system's error. */
export async function listenOnPath(inbound: Inbound, path: string): Promise<PathListener> {
  // A server that was killed leaves its socket behind.
  await rm(path, { force: true });
  const server = createServer(inbound.listener);
  server.maxConnections = CONNECTIONS_MAX;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(path, resolve);
  await promise;
  server.off('error', reject);
  await chmod(path, 0o600);
  return {
    async close(graceMs, clock) {
      const closed = new Promise((done) => server.close(done));
      server.closeIdleConnections();
      const timer = clock.after(graceMs, () => server.closeAllConnections());
      await closed;
      timer.cancel();
    },
  };
}
