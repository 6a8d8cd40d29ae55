// The embedded database as operators meet it: refusals with a remedy, upgrades, a full disk, and death at any time.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Commit, Database } from '../../src/storage/database.ts';
import { DatabaseRefused, StorageError } from '../../src/storage/database-errors.ts';
import type { Migration } from '../../src/storage/migrations/migration.ts';
import { openSqlite } from '../../src/storage/sqlite/open-sqlite.ts';
import { testMigrations } from './test-migrations.ts';
import { addLog, addNote, endThread, endThreadAfterCommit, limitPages } from './test-writers.ts';

/** The user `nobody` of most systems. */
const NOBODY = 65_534;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kintsugi-contract-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const open = (migrations: readonly Migration[] = testMigrations, where = directory): Promise<Database> =>
  openSqlite({
    directory: where,
    migrations,
    writerModules: [new URL('./test-writers.ts', import.meta.url).href],
  });

const refusalOf = async (opening: Promise<Database>): Promise<DatabaseRefused> => {
  const error = await opening.then(
    (database) => database[Symbol.asyncDispose](),
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(DatabaseRefused);
  return error as DatabaseRefused;
};

const positions = async (database: Database): Promise<number[]> => {
  const rows = await database.read((tx) => tx.all<{ position: number }>('SELECT position FROM log ORDER BY position'));
  return rows.map(({ position }) => position);
};

const upgrade: Migration = { id: 2, name: 'colour', statements: ['ALTER TABLE notes ADD COLUMN colour {text}'] };

test('what was written is there after reopening, and positions go on', async () => {
  {
    await using database = await open();
    expect(await database.write(addLog, { writer: 'a' })).toBe(1);
  }
  await using database = await open();
  expect(database.headAtOpen).toBe(1);
  expect(await database.write(addLog, { writer: 'b' })).toBe(2);
});

test('closing leaves one file and no log', async () => {
  const database = await open();
  await database.write(addNote, { name: 'a' });
  await database[Symbol.asyncDispose]();
  expect(existsSync(join(directory, 'kintsugi.db-wal'))).toBe(false);
  expect(existsSync(join(directory, 'kintsugi.db.pid'))).toBe(false);
});

test('a second opening in the same process is refused', async () => {
  await using _database = await open();
  const refusal = await refusalOf(open());
  expect(refusal.message).toContain(`process ${process.pid}`);
});

test('a second process is refused by the pid of the first; after a kill nothing that was answered is lost', async () => {
  const holder = spawn(process.execPath, [new URL('./sqlite-holder.ts', import.meta.url).pathname, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(holder, 'exit');
  let answered = '';
  const { promise: enough, resolve } = Promise.withResolvers<void>();
  holder.stdout.on('data', (data: Buffer) => {
    answered += data.toString();
    if (answered.length > 1_000) resolve();
  });
  await Promise.race([enough, exited]);
  const refusal = await refusalOf(open());
  expect(refusal.message).toContain(`in use by process ${holder.pid}`);
  expect(refusal.remedy).not.toBe('');
  holder.kill('SIGKILL');
  await exited;
  await using database = await open();
  const stored = await positions(database);
  // The last line may be cut off.
  const told = answered.split('\n').slice(0, -1).map(Number);
  expect(told.length).toBeGreaterThan(100);
  expect(stored).toEqual(Array.from({ length: stored.length }, (_, index) => index + 1));
  expect(Math.max(...told)).toBeLessThanOrEqual(stored.length);
  expect(database.headAtOpen).toBe(stored.length);
});

test('before an upgrade the database is copied under its old schema number', async () => {
  {
    await using database = await open();
    await database.write(addNote, { name: 'old' });
  }
  {
    await using database = await open([...testMigrations, upgrade]);
    expect(await database.read((tx) => tx.all('SELECT name, colour FROM notes'))).toEqual([
      { name: 'old', colour: null },
    ]);
  }
  const snapshot = new DatabaseSync(join(directory, 'kintsugi.db.schema-1'), { readOnly: true });
  expect(snapshot.prepare('SELECT name FROM notes').all()).toMatchObject([{ name: 'old' }]);
  expect(() => snapshot.prepare('SELECT colour FROM notes')).toThrow('no such column');
  snapshot.close();
  const refusal = await refusalOf(open());
  expect(refusal.message).toContain('schema 2');
});

test('a failed migration changes nothing', async () => {
  {
    await using database = await open();
    await database.write(addNote, { name: 'kept' });
  }
  const broken: Migration = { ...upgrade, statements: [...upgrade.statements, 'UPDATE nowhere SET a = 1'] };
  await expect(open([...testMigrations, broken])).rejects.toThrow('UPDATE nowhere');
  const orphans: Migration = { ...upgrade, statements: ['INSERT INTO replies (note) VALUES (99)'] };
  await expect(open([...testMigrations, orphans])).rejects.toThrow('broke references from replies to notes');
  await using database = await open();
  expect(await database.read((tx) => tx.all('SELECT name FROM notes'))).toEqual([{ name: 'kept' }]);
});

test('a database of another history or another program, or no database at all, is refused', async () => {
  await (await open())[Symbol.asyncDispose]();
  const renamed = testMigrations.map((migration) => ({ ...migration, name: 'renamed' }));
  expect((await refusalOf(open(renamed))).message).toContain('test-tables');

  const other = join(directory, 'other');
  await (await open([], other))[Symbol.asyncDispose]();
  const database = new DatabaseSync(join(other, 'kintsugi.db'));
  database.exec('DROP TABLE schema_migrations; CREATE TABLE bookmarks (a)');
  database.close();
  expect((await refusalOf(open(testMigrations, other))).message).toContain('another program');

  const noise = mkdtempSync(join(directory, 'noise-'));
  writeFileSync(join(noise, 'kintsugi.db'), 'no database '.repeat(1_000));
  expect((await refusalOf(open(testMigrations, noise))).message).toContain('damaged');
});

test('a data directory that cannot be made is refused', async () => {
  writeFileSync(join(directory, 'file'), '');
  const refusal = await refusalOf(open(testMigrations, join(directory, 'file', 'data')));
  expect(refusal.message).toContain('cannot be made');
});

test('a directory that this user may not write is refused', async () => {
  chmodSync(directory, 0o555);
  // Root may write everything, so it is somebody else meanwhile.
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(NOBODY);
  try {
    // access(2) asks for the real user, so it is the lock's file then that cannot be made.
    const refused = isRoot ? `${directory}/kintsugi.db.lock` : `may not write ${directory}`;
    const { message } = await refusalOf(open());
    expect(message).toContain(refused);
    expect(message).toMatch(/to the user the server runs as/);
  } finally {
    if (isRoot) process.seteuid?.(0);
    chmodSync(directory, 0o700);
  }
});

test.skipIf(process.getuid?.() !== 0)('a database of another user is refused', async () => {
  await (await open())[Symbol.asyncDispose]();
  chownSync(join(directory, 'kintsugi.db'), NOBODY, NOBODY);
  const refusal = await refusalOf(open());
  expect(refusal.message).toContain(`belongs to user ${NOBODY}`);
});

test('a full disk fails writes with a remedy until there is space again', async () => {
  await using database = await open();
  await database.write(limitPages, 1);
  const body = new Uint8Array(1_000_000);
  const error = await database.write(addNote, { name: 'large', body }).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(StorageError);
  expect(error).toMatchObject({ status: 503, trouble: 'full', outcomeUnknown: false });
  expect((error as StorageError).remedy).toContain('Free space');
  await database.write(limitPages, 1_000_000);
  await database.write(addNote, { name: 'large', body });
  expect(await database.read((tx) => tx.all('SELECT name FROM notes'))).toEqual([{ name: 'large' }]);
});

test('when the writer thread ends, its writes fail and the next ones have a new thread', async () => {
  await using database = await open();
  await database.write(addLog, { writer: 'a' });
  await expect(database.write(endThread, undefined)).rejects.toMatchObject({ status: 503, outcomeUnknown: true });
  expect(await database.write(addLog, { writer: 'b' })).toBe(2);
  expect(await database.read((tx) => tx.all('SELECT name FROM notes'))).toEqual([]);
});

test('when the writer thread ends between a commit and its answer, what was committed is told', async () => {
  await using database = await open();
  const told: Commit[] = [];
  const { promise: second, resolve } = Promise.withResolvers<void>();
  database.onCommit((commit) => {
    told.push(commit);
    if (commit.head === 2) resolve();
  });
  expect(await database.write(addLog, { writer: 'a' })).toBe(1);
  await expect(database.write(endThreadAfterCommit, undefined)).rejects.toMatchObject({ outcomeUnknown: true });
  await second;
  expect(await positions(database)).toEqual([1, 2]);
  // Of a batch that was not committed nothing is told.
  await expect(database.write(endThread, undefined)).rejects.toMatchObject({ outcomeUnknown: true });
  expect(await database.write(addLog, { writer: 'b' })).toBe(3);
  expect(told.map(({ head, changes }) => [head, ...changes])).toEqual(
    [1, 2, 3].map((position) => [position, { position, audience: { room: 1 } }]),
  );
});
