// PostgreSQL as operators meet it: a server that crashes and comes back, refusals with a remedy, several processes at once.

import pg from 'pg';
import { expect, inject, test } from 'vitest';
import type { Database } from '../../src/storage/database.ts';
import { DatabaseRefused } from '../../src/storage/database-errors.ts';
import { openPostgres } from '../../src/storage/postgres/open-postgres.ts';
import { createPostgresDatabase } from '../harness/databases.ts';
import { startPostgres } from '../harness/postgres.ts';
import { testMigrations } from './test-migrations.ts';
import { addLog } from './test-writers.ts';

const open = (url: string, migrations = testMigrations): Promise<Database> => openPostgres({ url, migrations });

const refusalOf = async (opening: Promise<Database>): Promise<DatabaseRefused> => {
  const error = await opening.then(
    (database) => database[Symbol.asyncDispose](),
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(DatabaseRefused);
  return error as DatabaseRefused;
};

const emptyDatabase = async (): Promise<{ url: string } & AsyncDisposable> => {
  const { url, drop } = await createPostgresDatabase(inject('postgresUrl'));
  return { url, [Symbol.asyncDispose]: drop };
};

test('while the server is away writes and reads fail at once; when it is back they succeed, and nothing is lost', async () => {
  const server = await startPostgres();
  try {
    await using database = await open(server.url);
    const answered: number[] = [];
    const failures: unknown[] = [];
    const write = async (): Promise<void> => {
      try {
        answered.push(await database.write(addLog, { writer: 'w' }));
      } catch (error) {
        failures.push(error);
      }
    };
    await write();
    const busy = Promise.all(Array.from({ length: 500 }, write));
    await server.kill();
    await busy;
    await write();
    expect(failures.length).toBeGreaterThan(0);
    for (const failure of failures) expect(failure).toMatchObject({ status: 503, trouble: 'unreachable' });
    await expect(database.read((tx) => tx.get('SELECT 1 AS one'))).rejects.toMatchObject({ status: 503 });
    await server.start();
    expect(await database.read((tx) => tx.get('SELECT 1 AS one'))).toEqual({ one: 1 });
    await write();
    const rows = await database.read((tx) =>
      tx.all<{ position: number }>('SELECT position FROM log ORDER BY position'),
    );
    const stored = rows.map(({ position }) => position);
    expect(stored).toEqual(stored.map((_, index) => index + 1));
    expect(stored).toEqual(expect.arrayContaining(answered));
  } finally {
    await server.stop();
  }
});

test('several processes that open a new database at once migrate it once', async () => {
  await using empty = await emptyDatabase();
  const databases = await Promise.all(Array.from({ length: 4 }, () => open(empty.url)));
  const written = await Promise.all(
    databases.flatMap((database) => Array.from({ length: 50 }, () => database.write(addLog, { writer: 'w' }))),
  );
  expect(written.sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
  for (const database of databases) await database[Symbol.asyncDispose]();
});

test('a newer schema, and tables of another program, are refused', async () => {
  await using empty = await emptyDatabase();
  const upgrade = { id: 2, name: 'colour', statements: ['ALTER TABLE notes ADD COLUMN colour {text}'] };
  await (await open(empty.url, [...testMigrations, upgrade]))[Symbol.asyncDispose]();
  expect((await refusalOf(open(empty.url))).message).toContain('schema 2');

  await using other = await emptyDatabase();
  const client = new pg.Client({ connectionString: other.url });
  await client.connect();
  await client.query('CREATE TABLE bookmarks (a int)');
  await client.end();
  expect((await refusalOf(open(other.url))).message).toContain('another program');
});

test('an encoding that cannot hold every text is refused', async () => {
  await using latin = await emptyDatabase();
  const client = new pg.Client({ connectionString: inject('postgresUrl') });
  await client.connect();
  const name = new URL(latin.url).pathname.slice(1);
  await client.query(`DROP DATABASE ${name}`);
  await client.query(`CREATE DATABASE ${name} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`);
  await client.end();
  expect((await refusalOf(open(latin.url))).message).toContain('LATIN1');
});

test('a wrong address, password or database name is refused without telling the password', async () => {
  const admin = inject('postgresUrl');
  const changed = (change: (url: URL) => void): string => {
    const url = new URL(admin);
    change(url);
    return url.href;
  };
  const password = new URL(admin).password;
  const absent = await refusalOf(open(changed((url) => (url.pathname = '/absent'))));
  expect(absent.remedy).toContain('CREATE DATABASE');
  const wrong = await refusalOf(open(changed((url) => (url.password = 'wrong-secret'))));
  expect(wrong.remedy).toContain('password');
  const nowhere = await refusalOf(open(changed((url) => (url.port = '1'))));
  expect(nowhere.message).toContain('cannot be reached');
  for (const refusal of [absent, wrong, nowhere]) {
    expect(refusal.message).not.toContain(password);
    expect(refusal.message).not.toContain('wrong-secret');
  }
});
