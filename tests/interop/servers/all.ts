// The four servers of the interop tests: Synapse and Kintsugi, each on SQLite and on PostgreSQL, knowing one another by address.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPostgresDatabase } from '../../harness/databases.ts';
import { pythonWith } from '../../harness/python-venv.ts';
import { freePort } from '../../harness/server.ts';
import type { Homeserver, Place } from './homeserver.ts';
import { startKintsugi } from './kintsugi.ts';
import { startSynapse } from './synapse.ts';

/** Kind and engine. */
export type ServerKey = 'kintsugi' | 'kintsugi-pg' | 'synapse' | 'synapse-pg';

export interface Servers extends AsyncDisposable {
  get(key: ServerKey): Homeserver;
}

/** Says how long the servers may take: the first time, Synapse is installed. */
export const START_TIMEOUT_MS = 600_000;

const requirements = new URL('../requirements.txt', import.meta.url).pathname;

/** Starts those of `keys`, all at the same time. `postgresUrl`: of a server where databases can be made. */
export const startServers = async (keys: readonly ServerKey[], postgresUrl: string): Promise<Servers> => {
  await using stack = new AsyncDisposableStack();
  const python = keys.some((key) => key.startsWith('synapse')) ? pythonWith(requirements) : '';
  const root = mkdtempSync(join(tmpdir(), 'kintsugi-interop-'));
  stack.defer(() => rmSync(root, { recursive: true, force: true, maxRetries: 5 }));
  const places = new Map<ServerKey, Place>();
  for (const key of keys) {
    const isOnPostgres = key.endsWith('-pg');
    const database = isOnPostgres ? await createPostgresDatabase(postgresUrl) : undefined;
    if (database) stack.defer(() => database.drop());
    const directory = join(root, key);
    mkdirSync(directory);
    places.set(key, {
      directory,
      clientPort: await freePort(),
      federationPort: await freePort(),
      host: isOnPostgres ? 'localhost' : '127.0.0.1',
      ...(database && { database: database.url }),
    });
  }
  const started = await Promise.allSettled(
    [...places].map(async ([key, place]): Promise<[ServerKey, Homeserver]> => {
      const server = key.startsWith('synapse') ? await startSynapse(python, place) : await startKintsugi(place);
      return [key, server];
    }),
  );
  const servers = new Map(started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : [])));
  // Ended together: Synapse takes its time.
  stack.defer(async () => {
    await Promise.all([...servers.values()].map((server) => server[Symbol.asyncDispose]()));
  });
  const failed = started.find((each) => each.status === 'rejected');
  if (failed) throw failed.reason;
  const owned = stack.move();
  return {
    get(key) {
      const server = servers.get(key);
      if (!server) throw new Error(`${key} is not among the servers that were started`);
      return server;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};
