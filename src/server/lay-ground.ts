// The lowest parts of a running server: clock, log, metrics, identity, database, stream and the way to other servers.

import { access, constants, mkdir } from 'node:fs/promises';
import type { Config } from '../config/schema.ts';
import { loadIdentity } from '../identity/identity.ts';
import { systemClock } from '../lib/clock.ts';
import { createLog } from '../lib/log.ts';
import { createMetrics } from '../lib/metrics.ts';
import { parseServerName } from '../protocol/ids/server-name.ts';
import { openDatabase } from '../storage/open-database.ts';
import { createStream } from '../stream/stream.ts';
import { claimDatabase } from './claim-database.ts';
import { openNetwork } from './open-network.ts';
import { StartRefused } from './start-refused.ts';

/** What is opened is closed by `stack`. Throws errors with a remedy when the server must not or cannot start. */
export async function layGround(config: Config, stack: AsyncDisposableStack) {
  const clock = systemClock;
  const log = createLog(config.logging);
  const metrics = createMetrics();
  await makeDataDirectory(config.dataDirectory);
  const identity = await loadIdentity(config.dataDirectory, parseServerName(config.serverName), clock);
  const db = stack.use(await openDatabase({ database: config.database, directory: config.dataDirectory }));
  await claimDatabase(db, identity);
  const stream = createStream({ db });
  const { outbound, peers } = stack.use(await openNetwork({ config, db, clock, log, metrics, identity }));
  return { config, clock, log, metrics, identity, serverName: identity.serverName, db, stream, outbound, peers };
}

export type Ground = Awaited<ReturnType<typeof layGround>>;

async function makeDataDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await access(directory, constants.W_OK);
  } catch (cause) {
    throw new StartRefused(
      `The data directory ${directory} cannot be used: ${(cause as Error).message}.`,
      'Make it writable for this user, or choose another with --data.',
      cause,
    );
  }
}
