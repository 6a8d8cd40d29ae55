// PostgreSQL as operators meet it: a server that crashes and comes back, refusals with a remedy, a second server.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { hostname } from 'node:os';
import pg from 'pg';
import { expect, inject, test } from 'vitest';
import type { Commit, Database } from '../../src/storage/database.ts';
import { DatabaseRefused } from '../../src/storage/database-errors.ts';
import { openPostgres, type PostgresOptions } from '../../src/storage/postgres/open-postgres.ts';
import { createPostgresDatabase } from '../harness/databases.ts';
import { startPostgres } from '../harness/postgres.ts';
import { until } from '../harness/until.ts';
import { testMigrations } from './test-migrations.ts';
import { addLog } from './test-writers.ts';

const open = (url: string, more: Omit<PostgresOptions, 'url'> = {}): Promise<Database> =>
  openPostgres({ url, migrations: testMigrations, ...more });

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

test('of several servers that open a new database at once one has it, and the next when it ends', async () => {
  await using empty = await emptyDatabase();
  const opening = Array.from({ length: 4 }, () => open(empty.url, { waitMs: 100 }));
  const results = await Promise.allSettled(opening);
  const [first, ...others] = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
  expect(others).toEqual([]);
  for (const result of results) {
    if (result.status === 'fulfilled') continue;
    expect(result.reason).toBeInstanceOf(DatabaseRefused);
    expect(result.reason.message).toContain(`is in use by kintsugi, process ${process.pid} on ${hostname()}`);
    expect(result.reason.remedy).toContain('Stop that server first');
  }
  expect(await first!.write(addLog, { writer: 'w' })).toBe(1);
  // Waits for the one that is about to go.
  const next = open(empty.url);
  await first![Symbol.asyncDispose]();
  await using database = await next;
  expect(await database.write(addLog, { writer: 'w' })).toBe(2);
});

test('a server that is killed leaves the database to the next at once, with all that it wrote', async () => {
  await using empty = await emptyDatabase();
  const holder = spawn(process.execPath, [new URL('./postgres-holder.ts', import.meta.url).pathname, empty.url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(holder, 'exit');
  let written = '';
  const { promise: enough, resolve } = Promise.withResolvers<void>();
  holder.stdout.on('data', (data: Buffer) => {
    written += data.toString();
    if (written.length > 100) resolve();
  });
  await Promise.race([enough, exited]);
  const refusal = await refusalOf(open(empty.url, { waitMs: 1 }));
  expect(refusal.message).toContain(`process ${holder.pid} on`);
  holder.kill('SIGKILL');
  await exited;
  await using database = await open(empty.url);
  const told = written.split('\n').slice(0, -1).map(Number);
  expect(database.headAtOpen).toBeGreaterThanOrEqual(told.at(-1)!);
});

test('a server whose hold on the database was lost takes it again, or writes no more while another has it', async () => {
  await using empty = await emptyDatabase();
  await using database = await open(empty.url);
  const write = (): Promise<number> => database.write(addLog, { writer: 'w' });
  const HOLDS =
    "FROM pg_stat_activity WHERE application_name LIKE 'kintsugi, process %' AND datname = current_database()";
  const asked = async (sql: string): Promise<number> => {
    const client = new pg.Client({ connectionString: empty.url });
    await client.connect();
    const { rowCount } = await client.query(`${sql} ${HOLDS}`);
    await client.end();
    return rowCount ?? 0;
  };
  expect(await write()).toBe(1);
  expect(await asked('SELECT pg_terminate_backend(pid, 5000)')).toBe(1);
  await until('hold', async () => (await write()) > 1 && (await asked('SELECT pid')) === 1);
  await refusalOf(open(empty.url, { waitMs: 1 }));
  expect(await asked('SELECT pg_terminate_backend(pid, 5000)')).toBe(1);
  const other = await open(empty.url, { waitMs: 1 });
  const failed = (error: unknown): unknown => error;
  const failure = await until('refusal', () => write().then(() => undefined, failed));
  expect(failure).toMatchObject({ status: 503, trouble: 'busy', why: expect.stringContaining('is in use by') });
  expect(await database.read((tx) => tx.get('SELECT 1 AS one'))).toEqual({ one: 1 });
  await other[Symbol.asyncDispose]();
  expect(await until('write', write)).toBeGreaterThan(2);
});

/** Passes bytes on between the server and PostgreSQL, and keeps the answer to a commit back when it is told to. */
const startRelay = async (url: string) => {
  const { hostname: host, port } = new URL(url);
  let isDeaf = false;
  const relay = createServer((inner) => {
    const outer = connect(Number(port), host);
    inner.on('error', () => outer.destroy()).on('close', () => outer.destroy());
    outer.on('error', () => inner.destroy()).on('close', () => inner.destroy());
    inner.pipe(outer);
    outer.on('data', (data: Buffer) => {
      if (!isDeaf || !data.includes('COMMIT')) return void inner.write(data);
      isDeaf = false;
      inner.destroy();
    });
  });
  await once(relay.listen(0, '127.0.0.1'), 'listening');
  const relayed = new URL(url);
  relayed.port = String((relay.address() as AddressInfo).port);
  return {
    url: relayed.href,
    loseNextCommit(): void {
      isDeaf = true;
    },
    [Symbol.dispose]: () => void relay.close(),
  };
};

test('what a commit brought about whose answer was lost is told once it is known', async () => {
  await using empty = await emptyDatabase();
  using relay = await startRelay(empty.url);
  await using database = await open(relay.url);
  const news: Commit[] = [];
  database.onCommit((commit) => {
    if (commit.changes.length > 0) news.push(commit);
  });
  expect(await database.write(addLog, { writer: 'heard' })).toBe(1);
  relay.loseNextCommit();
  const failure = await database.write(addLog, { writer: 'unheard' }).catch((error: unknown) => error);
  expect(failure).toMatchObject({ status: 503, outcomeUnknown: true });
  // Nobody writes meanwhile.
  await until('news', () => news.length === 2);
  expect(news).toEqual([
    { head: 1, changes: [{ position: 1, audience: { room: 1 } }] },
    { head: 2, changes: [{ position: 2, audience: { room: 1 } }] },
  ]);
  expect(await database.write(addLog, { writer: 'heard' })).toBe(3);
});

test('a server that lost its hold does not go on where another has written', async () => {
  await using empty = await emptyDatabase();
  using relay = await startRelay(empty.url);
  await using database = await open(relay.url);
  expect(await database.write(addLog, { writer: 'first' })).toBe(1);
  const client = new pg.Client({ connectionString: empty.url });
  await client.connect();
  await client.query('UPDATE stream_head SET value = 7');
  await client.query(
    'SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()',
  );
  await client.end();
  const refused = async (): Promise<unknown> =>
    database.write(addLog, { writer: 'first' }).catch((error: unknown) => error);
  const failure = await until('refusal', async () => {
    const error = await refused();
    return (error as { trouble?: string }).trouble === 'busy' ? error : undefined;
  });
  expect(failure).toMatchObject({ status: 503, why: expect.stringContaining('has written') });
});

test('a newer schema, and tables of another program, are refused', async () => {
  await using empty = await emptyDatabase();
  const upgrade = { id: 2, name: 'colour', statements: ['ALTER TABLE notes ADD COLUMN colour {text}'] };
  await (await open(empty.url, { migrations: [...testMigrations, upgrade] }))[Symbol.asyncDispose]();
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
