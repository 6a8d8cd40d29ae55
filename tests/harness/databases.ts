// Runs the same tests on SQLite and on PostgreSQL, each on a fresh database that is closed and removed after its test.

import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import pg from 'pg';
import { afterEach, describe, inject } from 'vitest';
import type { Database } from '../../src/storage/database.ts';
import type { Migration } from '../../src/storage/migrations/migration.ts';
import { openPostgres } from '../../src/storage/postgres/open-postgres.ts';
import { openSqlite } from '../../src/storage/sqlite/open-sqlite.ts';
import { makeTestDirectory, openLocalSqlite, placeMigratedFile } from './local-sqlite.ts';
// For the type of inject('postgresUrl').
import type {} from './postgres-setup.ts';
import { takeRestored } from './restored-postgres.ts';

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
  inFreshDirectory(async (directory) => {
    if (options.migrations === undefined) await placeMigratedFile(directory);
    return openSqlite({ directory, ...options });
  });

/** Cheap to open: for tests of what stands above the database. */
export const openFreshSqlite = (): Promise<FreshDatabase> => inFreshDirectory(openLocalSqlite);

const asAdmin = async (adminUrl: string, sql: string): Promise<void> => {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  await client.query(sql);
  await client.end();
};

/** Makes an empty database beside the one of `adminUrl`, and returns its URL. */
export const createPostgresDatabase = async (adminUrl: string): Promise<{ url: string; drop(): Promise<void> }> => {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await asAdmin(adminUrl, `CREATE DATABASE ${name}`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => asAdmin(adminUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
};

const openEmptyPostgres = async (adminUrl: string, migrations: readonly Migration[]): Promise<FreshDatabase> => {
  const { url, drop } = await createPostgresDatabase(adminUrl);
  const database = await openPostgres({ url, migrations });
  return {
    database,
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      await drop();
    },
  };
};

const openRestoredPostgres = async (adminUrl: string): Promise<FreshDatabase> => {
  const { url, giveBack } = await takeRestored(adminUrl);
  const database = await openPostgres({ url });
  return {
    database,
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      giveBack();
    },
  };
};

const openServerPostgres = ({ migrations }: FreshDatabaseOptions = {}): Promise<FreshDatabase> => {
  const adminUrl = inject('postgresUrl');
  return migrations === undefined ? openRestoredPostgres(adminUrl) : openEmptyPostgres(adminUrl, migrations);
};

type OpenFresh = (options?: FreshDatabaseOptions) => Promise<Database>;

/** `open` gives a fresh database of the engine; whatever a test opened is closed and removed after it. */
export const describeOnBothEngines = (name: string, define: (open: OpenFresh) => void): void => {
  const engines: readonly [string, typeof openServerPostgres][] = [
    ['SQLite', openServerSqlite],
    ['PostgreSQL', openServerPostgres],
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
