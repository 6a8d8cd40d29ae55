// Brings a database to the newest schema, or refuses it. Runs at opening, before anything else reads or writes.

import { DatabaseRefused } from '../database-errors.ts';
import type { ColumnTypes } from '../dialects/column-types.ts';
import { fillColumnTypes } from '../dialects/column-types.ts';
import type { Migration } from './migration.ts';

/** A database while it is migrated: one connection that nobody else uses. */
export interface MigrationTarget {
  readonly columnTypes: ColumnTypes;
  /** The names of all tables; empty for a new database. */
  tables(): Promise<readonly string[]>;
  all<R>(sql: string): Promise<R[]>;
  execute(sql: string): Promise<void>;
  /** Runs `work` in one transaction. */
  transaction(work: () => Promise<void>): Promise<void>;
  /** Called before the first migration of a database that holds data at `schema`. */
  snapshot(schema: number): Promise<void>;
}

interface Applied {
  readonly id: number;
  readonly name: string;
}

const assertNumbered = (migrations: readonly Migration[]): void => {
  migrations.forEach((migration, index) => {
    if (migration.id !== index + 1) throw new Error(`Migration ${migration.name} should have the id ${index + 1}`);
  });
};

const bootstrap = (target: MigrationTarget): Promise<void> =>
  target.transaction(async () => {
    const fill = (sql: string): string => fillColumnTypes(sql, target.columnTypes);
    await target.execute(fill('CREATE TABLE schema_migrations (id {int} PRIMARY KEY, name {text} NOT NULL){strict}'));
    await target.execute(fill('CREATE TABLE stream_head (id {int} PRIMARY KEY, value {int} NOT NULL){strict}'));
    await target.execute('INSERT INTO stream_head (id, value) VALUES (1, 0)');
  });

const assertKnown = (applied: readonly Applied[], migrations: readonly Migration[]): void => {
  const newest = applied.at(-1);
  if (newest !== undefined && newest.id > migrations.length) {
    throw new DatabaseRefused(
      `The database has schema ${newest.id}, but this version of the server knows only up to schema ${migrations.length}.`,
      'Start the version that wrote it, or a newer one; or restore the snapshot that was made before the upgrade.',
    );
  }
  for (const [index, { id, name }] of applied.entries()) {
    const known = migrations[index];
    if (known === undefined || known.id !== id || known.name !== name) {
      throw new DatabaseRefused(
        `The database was changed by a migration that this version does not have (${id}, ${name}).`,
        'Start the version of the server that wrote it.',
      );
    }
  }
};

/** Throws DatabaseRefused for a database of a newer version or of another program. */
export const runMigrations = async (target: MigrationTarget, migrations: readonly Migration[]): Promise<void> => {
  assertNumbered(migrations);
  const tables = await target.tables();
  if (tables.length === 0) await bootstrap(target);
  else if (!tables.includes('schema_migrations')) {
    throw new DatabaseRefused(
      `The database holds tables of another program (such as ${tables[0]}).`,
      'Give the server a database of its own.',
    );
  }
  const applied = await target.all<Applied>('SELECT id, name FROM schema_migrations ORDER BY id');
  assertKnown(applied, migrations);
  const missing = migrations.slice(applied.length);
  if (missing.length > 0 && applied.length > 0) await target.snapshot(applied.length);
  for (const migration of missing) {
    await target.transaction(async () => {
      for (const statement of migration.statements) {
        const sql = typeof statement === 'string' ? statement : statement[target.columnTypes.engine];
        await target.execute(fillColumnTypes(sql, target.columnTypes));
      }
      // The name is a constant of this program; the drivers take parameters in different ways here.
      const name = migration.name.replaceAll("'", "''");
      await target.execute(`INSERT INTO schema_migrations (id, name) VALUES (${migration.id}, '${name}')`);
    });
  }
};
