// Wires the parts in their order and tells how they end, last one first.

import { mkdir } from 'node:fs/promises';
import type { Config } from '../config/schema.ts';
import { createInbound, type Inbound } from '../http/inbound/inbound.ts';
import type { Authenticator } from '../http/inbound/ports.ts';
import { loadIdentity } from '../identity/identity.ts';
import { systemClock } from '../lib/clock.ts';
import { createLog, type Log } from '../lib/log.ts';
import { createMetrics } from '../lib/metrics.ts';
import { unknownToken } from '../protocol/errors/matrix-error.ts';
import { parseServerName } from '../protocol/ids/server-name.ts';
import { openDatabase } from '../storage/open-database.ts';
import { createStream } from '../stream/stream.ts';
import type { AllParts } from './all-parts.ts';
import { endpoints } from './endpoints.ts';

export interface Composed extends AsyncDisposable {
  readonly parts: AllParts;
  readonly inbound: Inbound;
  readonly log: Log;
  /** From now on /ready says no. */
  leave(): void;
}

export async function compose(config: Config): Promise<Composed> {
  await using stack = new AsyncDisposableStack();
  const clock = systemClock;
  const log = createLog(config.logging);
  const metrics = createMetrics();
  await mkdir(config.dataDirectory, { recursive: true, mode: 0o700 });
  const identity = await loadIdentity(config.dataDirectory, parseServerName(config.serverName), clock);
  const db = stack.use(await openDatabase({ database: config.database, directory: config.dataDirectory }));
  const stream = createStream({ db });

  let isLeaving = false;
  const readiness = { reason: async () => (isLeaving ? 'the server is shutting down' : undefined) };
  const parts: AllParts = { config, clock, log, metrics, readiness, identity, db, stream };
  const authenticator: Authenticator = {
    authenticate() {
      throw unknownToken('Unknown access token.');
    },
  };
  const inbound = createInbound({ endpoints, parts, authenticator, config, clock, log, metrics });
  const owned = stack.move();
  return {
    parts,
    inbound,
    log,
    leave() {
      isLeaving = true;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
