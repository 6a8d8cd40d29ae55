// Runs the same tests on SQLite and on PostgreSQL, each on a fresh database that is closed and removed after its test.

import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import pg from 'pg';
import { afterEach, describe, inject } from 'vitest';
import type { Database } from '../../src/storage/database.ts';
import type { Migration } from '../../src/storage/migrations/migration.ts';
import { openPostgres } from '../../src/storage/postgres/open-postgres.ts';
import { openSqlite } from '../../src/storage/sqlite/open-sqlite.ts';
import { makeTestDirectory, openLocalSqlite } from './local-sqlite.ts';
import { MIGRATED } from './postgres-setup.ts';

export interface FreshDatabaseOptions {
  /** URLs of modules with writers that no store exports. */
  readonly writerModules?: readonly string[];
  readonly migrations?: readonly Migration[];
}

export interface FreshDatabase extends AsyncDisposable {
  readonly database: Database;
}

const inFreshDirectory = async (open: (directory: string) => Promise<Database>): Promise<FreshDatabase> => {
  const directory = makeTestDirectory();
  const database = await open(directory);
  return {
    database,
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true, force: true });
    },
  };
};

/** As the server opens it. */
const openServerSqlite = (options: FreshDatabaseOptions = {}): Promise<FreshDatabase> =>
  inFreshDirectory((directory) => openSqlite({ directory, ...options }));

/** Cheap to open: for tests of what stands above the database. */
export const openFreshSqlite = (): Promise<FreshDatabase> => inFreshDirectory(openLocalSqlite);

const asAdmin = async (adminUrl: string, sql: string): Promise<void> => {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  await client.query(sql);
  await client.end();
};

/** Makes a database beside the one of `adminUrl`, empty or as a copy of another, and returns its URL. */
export const createPostgresDatabase = async (
  adminUrl: string,
  template = 'template1',
): Promise<{ url: string; drop(): Promise<void> }> => {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await asAdmin(adminUrl, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => asAdmin(adminUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
};

export const openFreshPostgres = async (
  adminUrl: string,
  { migrations }: FreshDatabaseOptions = {},
): Promise<FreshDatabase> => {
  const template = migrations === undefined ? MIGRATED : undefined;
  const { url, drop } = await createPostgresDatabase(adminUrl, template);
  const database = await openPostgres(migrations === undefined ? { url } : { url, migrations });
  return {
    database,
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      await drop();
    },
  };
};

type OpenFresh = (options?: FreshDatabaseOptions) => Promise<Database>;

/** `open` gives a fresh database of the engine; whatever a test opened is closed and removed after it. */
export const describeOnBothEngines = (name: string, define: (open: OpenFresh) => void): void => {
  const engines: readonly [string, (options?: FreshDatabaseOptions) => Promise<FreshDatabase>][] = [
    ['SQLite', openServerSqlite],
    ['PostgreSQL', (options) => openFreshPostgres(inject('postgresUrl'), options)],
  ];
  describe.each(engines)(`${name} on %s`, (_engine, openFresh) => {
    const opened: FreshDatabase[] = [];
    afterEach(async () => {
      for (const fresh of opened.splice(0)) await fresh[Symbol.asyncDispose]();
    });
    define(async (options) => {
      const fresh = await openFresh(options);
      opened.push(fresh);
      return fresh.database;
    });
  });
};
