// Vitest's global set-up: one private PostgreSQL server for the whole run, its URL provided as `postgresUrl`.

import type { TestProject } from 'vitest/node';
import { openPostgres } from '../../src/storage/postgres/open-postgres.ts';
import { startPostgres } from './postgres.ts';
import { makeBeginning } from './restored-postgres.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    postgresUrl: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const postgres = await startPostgres();
  await makeBeginning(postgres.url, async (url) => (await openPostgres({ url }))[Symbol.asyncDispose]());
  project.provide('postgresUrl', postgres.url);
  return () => postgres.stop();
}
