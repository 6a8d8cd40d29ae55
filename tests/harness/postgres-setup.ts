// Vitest's global set-up: one private PostgreSQL server for the whole run, its URL provided as `postgresUrl`, with a database that
// was migrated once: copying it takes a fraction of the time.

import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { openPostgres } from '../../src/storage/postgres/open-postgres.ts';
import { startPostgres } from './postgres.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    postgresUrl: string;
  }
}

/** The name of that database. */
export const MIGRATED = 'migrated';

const migrate = async (adminUrl: string): Promise<void> => {
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${MIGRATED}`);
  await admin.end();
  const url = new URL(adminUrl);
  url.pathname = `/${MIGRATED}`;
  await using _database = await openPostgres({ url: url.href });
};

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const postgres = await startPostgres();
  await migrate(postgres.url);
  project.provide('postgresUrl', postgres.url);
  return () => postgres.stop();
}
