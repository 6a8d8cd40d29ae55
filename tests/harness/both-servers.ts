// Runs the same journey against two real servers, one on SQLite and one on PostgreSQL, each started as the README says.

import { afterAll, beforeAll, describe, inject } from 'vitest';
import { createPostgresDatabase } from './databases.ts';
// For the type of inject('postgresUrl').
import type {} from './postgres-setup.ts';
import { startServer, type TestServer, type TestServerOptions } from './server.ts';

/** `server` gives the running server of the engine; both are started once and stopped after the last test. */
export const describeOnBothServers = (
  name: string,
  define: (server: () => TestServer) => void,
  options: TestServerOptions = {},
): void => {
  describe.each(['SQLite', 'PostgreSQL'])(`${name} on %s`, (engine) => {
    const life = new AsyncDisposableStack();
    let running: TestServer | undefined;
    beforeAll(async () => {
      if (engine === 'SQLite') {
        running = life.use(await startServer(options));
        return;
      }
      const { url, drop } = await createPostgresDatabase(inject('postgresUrl'));
      life.defer(drop);
      running = life.use(await startServer({ ...options, database: url }));
    });
    afterAll(() => life.disposeAsync());
    define(() => {
      if (!running) throw new Error('the server is not running');
      return running;
    });
  });
};
