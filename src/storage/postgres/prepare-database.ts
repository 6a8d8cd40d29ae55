// Makes the PostgreSQL database ready at opening: a supported server, UTF-8, this server's own, and at the newest schema.

import type pg from 'pg';
import { DatabaseRefused } from '../database-errors.ts';
import { postgresColumnTypes } from '../dialects/postgres.ts';
import type { Migration } from '../migrations/migration.ts';
import { type MigrationTarget, runMigrations } from '../migrations/run-migrations.ts';
import type { DatabaseHold } from './database-hold.ts';
import { isPostgresFailure } from './postgres-error.ts';

const VERSION_MIN = 15;

const migrationTarget = (client: pg.Client): MigrationTarget => ({
  columnTypes: postgresColumnTypes,
  async tables() {
    const sql = 'SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()';
    return (await client.query<{ table_name: string }>(sql)).rows.map((row) => row.table_name);
  },
  all: async <R>(sql: string) => (await client.query(sql)).rows as R[],
  async execute(sql) {
    await client.query(sql);
  },
  async transaction(work) {
    await client.query('BEGIN');
    try {
      await work();
      await client.query('COMMIT');
    } catch (error) {
      await client.query('ROLLBACK').catch(() => {});
      throw error;
    }
  },
  // Backups of a PostgreSQL server are its operator's; every migration is one transaction there too.
  async snapshot() {},
});

const assertSupported = async (client: pg.Client): Promise<void> => {
  const sql = "SELECT current_setting('server_version_num') AS version, current_setting('server_encoding') AS encoding";
  const { version, encoding } = (await client.query<{ version: string; encoding: string }>(sql)).rows[0]!;
  const major = Math.floor(Number(version) / 10_000);
  if (major < VERSION_MIN) {
    throw new DatabaseRefused(
      `PostgreSQL is version ${major}, but ${VERSION_MIN} is the oldest that is supported.`,
      'Upgrade PostgreSQL (pg_upgrade), then start again.',
    );
  }
  if (encoding !== 'UTF8') {
    throw new DatabaseRefused(
      `The PostgreSQL database has the encoding ${encoding}, which cannot hold every text.`,
      "Make one with: CREATE DATABASE kintsugi ENCODING 'UTF8' TEMPLATE template0;",
    );
  }
};

const remedies: Readonly<Record<string, string>> = {
  '28P01': 'Check the user and the password in the database URL.',
  '28000': "Check the user in the database URL, and PostgreSQL's pg_hba.conf.",
  '3D000': "Make it with: CREATE DATABASE kintsugi ENCODING 'UTF8' TEMPLATE template0;",
  '42501': "Make the server's role the owner of its database, or grant it CREATE on the schema.",
};

const refusal = (error: unknown, where: string): unknown => {
  if (error instanceof DatabaseRefused) return error;
  if (!isPostgresFailure(error)) {
    const why = error instanceof Error ? error.message || error.name : String(error);
    return new DatabaseRefused(
      `PostgreSQL at ${where} cannot be reached (${why}).`,
      'See that it runs and that host and port in the database URL are right.',
      error,
    );
  }
  const remedy = remedies[error.code];
  return remedy === undefined ? error : new DatabaseRefused(`PostgreSQL at ${where}: ${error.message}.`, remedy, error);
};

/**
 * Takes the database for this process, and returns the head of the stream. Throws DatabaseRefused when the database cannot or
 * must not be used.
 */
export const prepareDatabase = async (hold: DatabaseHold, migrations: readonly Migration[]): Promise<number> => {
  try {
    const client = await hold.take();
    await assertSupported(client);
    await runMigrations(migrationTarget(client), migrations);
    const head = await client.query<{ value: number }>('SELECT value FROM stream_head WHERE id = 1');
    return head.rows[0]?.value ?? 0;
  } catch (error) {
    throw refusal(error, hold.where);
  }
};
