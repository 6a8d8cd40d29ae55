// What every part of the server may rely on in the database, on both engines.

import { expect, test } from 'vitest';
import { MatrixError } from '../../src/protocol/errors/matrix-error.ts';
import type { Database } from '../../src/storage/database.ts';
import { ConstraintError, StorageError } from '../../src/storage/database-errors.ts';
import { fromStoredText, toStoredText } from '../../src/storage/text.ts';
import { describeOnBothEngines } from '../harness/databases.ts';
import { testMigrations } from './test-migrations.ts';
import {
  addLog,
  addNote,
  addNotes,
  addReply,
  leakTransaction,
  mistakeInSql,
  renameAll,
  returnFunction,
  useLeakedTransaction,
} from './test-writers.ts';

const options = {
  migrations: testMigrations,
  writerModules: [new URL('./test-writers.ts', import.meta.url).href],
};

const countNotes = async (database: Database): Promise<number> =>
  (await database.read((tx) => tx.get<{ count: number }>('SELECT count(*) AS count FROM notes')))!.count;

const readLog = (database: Database): Promise<{ position: number; writer: string }[]> =>
  database.read((tx) => tx.all('SELECT position, writer FROM log ORDER BY position'));

describeOnBothEngines('reads', (open) => {
  test('a read sees one snapshot, whatever is committed meanwhile', async () => {
    const database = await open(options);
    await database.write(addNote, { name: 'before' });
    const { promise: committed, resolve: commit } = Promise.withResolvers<void>();
    const counts = await database.read(async (tx) => {
      const count = async (): Promise<number> =>
        (await tx.get<{ count: number }>('SELECT count(*) AS count FROM notes'))!.count;
      const first = await count();
      // Against the rule that a read awaits nothing else, to hold the snapshot open over a commit.
      void database.write(addNote, { name: 'meanwhile' }).then(() => commit());
      await committed;
      return [first, await count()];
    });
    expect(counts).toEqual([1, 1]);
    expect(await countNotes(database)).toBe(2);
  });

  test('more reads at once than there are connections', async () => {
    const database = await open(options);
    await database.write(addNotes, ['a', 'b', 'c']);
    expect(await Promise.all(Array.from({ length: 100 }, () => countNotes(database)))).toEqual(Array(100).fill(3));
  });

  test('a failed read leaves its connection usable', async () => {
    const database = await open(options);
    const failing = Array.from({ length: 20 }, () => database.read((tx) => tx.get('SELECT nothing FROM nowhere')));
    for (const result of await Promise.allSettled(failing)) expect(result.status).toBe('rejected');
    expect(await countNotes(database)).toBe(0);
  });

  test('a read cannot write, nor be used after its end', async () => {
    const database = await open(options);
    await expect(database.read((tx) => tx.all("INSERT INTO notes (name) VALUES ('x')"))).rejects.toMatchObject({
      trouble: 'read-only',
    });
    const leaked = await database.read(async (tx) => [tx]);
    await expect(leaked[0]!.get('SELECT 1')).rejects.toThrow('read used it after it had returned');
  });

  test('lists as one parameter', async () => {
    const database = await open(options);
    const names = ['plain', 'with "quotes"', 'back\\slash', 'comma, {brace}', 'NULL', '金'];
    await database.write(addNotes, names);
    const { dialect } = database;
    const byName = `SELECT name FROM notes WHERE ${dialect.anyText('name')} ORDER BY number`;
    const found = await database.read((tx) => tx.all<{ name: string }>(byName, dialect.list([...names, 'absent'])));
    expect(found.map((row) => row.name)).toEqual(names);
    const byNumber = `SELECT number FROM notes WHERE ${dialect.anyInt('number')} ORDER BY number`;
    const numbers = (list: number[]): Promise<unknown[]> => database.read((tx) => tx.all(byNumber, dialect.list(list)));
    expect(await numbers([1, 3, 99, 2 ** 53 - 1])).toEqual([{ number: 1 }, { number: 3 }]);
    expect(await numbers([])).toEqual([]);
  });
});

describeOnBothEngines('values', (open) => {
  test('blobs, integers up to 2^53-1, nothing, and any text survive', async () => {
    const database = await open(options);
    const body = Uint8Array.from({ length: 256 }, (_, index) => index);
    const notes = [
      { name: 'largest', number: Number.MAX_SAFE_INTEGER, body },
      { name: 'smallest', number: Number.MIN_SAFE_INTEGER, body: new Uint8Array() },
      { name: 'a\0b\ud800c\u0010 🏺' },
    ];
    for (const note of notes) await database.write(addNote, note);
    const rows = await database.read((tx) =>
      tx.all<{ name: string; number: number | null; body: Uint8Array | null }>(
        'SELECT name, number, body FROM notes ORDER BY id',
      ),
    );
    expect(rows.map(({ name, number, body: bytes }) => ({ name: fromStoredText(name), number, body: bytes }))).toEqual(
      notes.map((note) => ({ number: null, body: null, ...note })),
    );
    expect(rows[0]!.body!.constructor).toBe(Uint8Array);
    const found = await database.read((tx) =>
      tx.get('SELECT number FROM notes WHERE name = ?', toStoredText(notes[2]!.name)),
    );
    expect(found).toEqual({ number: null });
  });

  test('an integer too large for a number is an error, not a wrong number', async () => {
    const database = await open(options);
    await database.write(addNote, { name: 'n', number: Number.MAX_SAFE_INTEGER });
    await expect(database.read((tx) => tx.get('SELECT number + 1 AS number FROM notes'))).rejects.toThrow(RangeError);
  });

  test('texts are ordered by their bytes', async () => {
    const database = await open(options);
    await database.write(addNotes, ['é', 'a', 'Z', 'b', '_', '1']);
    const rows = await database.read((tx) => tx.all<{ name: string }>('SELECT name FROM notes ORDER BY name'));
    expect(rows.map((row) => row.name).join('')).toBe('1Z_abé');
  });

  test('a text that was not escaped is refused on both engines', async () => {
    const database = await open(options);
    await expect(database.write(addNotes, ['a\0b'])).rejects.toThrow('toStoredText');
    await expect(database.read((tx) => tx.get('SELECT 1 FROM notes WHERE name = ?', '\ud800'))).rejects.toThrow(
      'toStoredText',
    );
  });
});

describeOnBothEngines('writes', (open) => {
  test('a writer reads what it wrote, and its result comes back', async () => {
    const database = await open(options);
    await database.write(addNotes, ['a', 'b']);
    expect(await database.write(renameAll, '!')).toEqual({ changed: 2, names: [{ name: 'a!' }, { name: 'b!' }] });
  });

  test('failed writers among good ones leave nothing behind, and positions have no gaps', async () => {
    const database = await open(options);
    const fails = [undefined, 'matrix', undefined, 'unique', 'early', 'swallowed', undefined] as const;
    const jobs = Array.from({ length: 70 }, (_, index) => ({ writer: `w${index}`, fail: fails[index % 7] }));
    const results = await Promise.allSettled(
      jobs.map(({ writer, fail }) => database.write(addLog, fail === undefined ? { writer } : { writer, fail })),
    );
    const good = jobs.filter(({ fail }) => fail === undefined).map(({ writer }) => writer);
    const log = await readLog(database);
    // In the order in which they were asked for.
    expect(log.map(({ writer }) => writer)).toEqual(good);
    expect(log.map(({ position }) => position)).toEqual(good.map((_, index) => index + 1));
    results.forEach((result, index) => {
      const { writer, fail } = jobs[index]!;
      if (fail === undefined) {
        expect(result).toEqual({ status: 'fulfilled', value: good.indexOf(writer) + 1 });
        return;
      }
      const { reason } = result as PromiseRejectedResult;
      expect(reason).toBeInstanceOf(fail === 'matrix' || fail === 'early' ? MatrixError : ConstraintError);
    });
  });

  test('a MatrixError keeps its class and its fields', async () => {
    const database = await open(options);
    const error = await database.write(addLog, { writer: 'w', fail: 'matrix' }).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(MatrixError);
    expect(error).toMatchObject({ status: 403, errcode: 'M_FORBIDDEN', fields: { soft: true } });
    expect(error).not.toBeInstanceOf(StorageError);
  });

  test('a broken constraint says which', async () => {
    const database = await open(options);
    await database.write(addNote, { name: 'a' });
    const error = await database.write(addNote, { name: 'a' }).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(ConstraintError);
    expect(error).toMatchObject({ broken: { kind: 'unique', table: 'notes', columns: ['name'] } });
  });

  test('a constraint that is checked at the commit fails only its writer', async () => {
    const database = await open(options);
    await database.write(addNote, { name: 'first' });
    const note = (await database.read((tx) => tx.get<{ id: number }>('SELECT id FROM notes')))!.id;
    const results = await Promise.allSettled([
      database.write(addReply, note),
      database.write(addReply, note + 1000),
      database.write(addLog, { writer: 'w' }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((results[1] as PromiseRejectedResult).reason).toMatchObject({ broken: { kind: 'foreign-key' } });
    expect(await database.read((tx) => tx.all('SELECT note FROM replies'))).toEqual([{ note }]);
  });

  test('a mistake in SQL names the statement and harms no other writer', async () => {
    const database = await open(options);
    const results = await Promise.allSettled([
      database.write(addNote, { name: 'a' }),
      database.write(mistakeInSql, undefined),
      database.write(addNote, { name: 'b' }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((results[1] as PromiseRejectedResult).reason.message).toContain('INSERT INTO nowhere');
    expect(await countNotes(database)).toBe(2);
  });

  test('the transaction of a writer ends with it', async () => {
    const database = await open(options);
    await database.write(leakTransaction, undefined);
    await expect(database.write(useLeakedTransaction, undefined)).rejects.toThrow('used it after it had returned');
    expect(await countNotes(database)).toBe(0);
  });

  test('listeners hear of a commit before its writers, and can read it', async () => {
    const database = await open(options);
    const heard: string[] = [];
    const reads: Promise<boolean>[] = [];
    database.onCommit(({ head, changes }) => {
      heard.push(`commit ${head}: ${changes.map(({ position }) => position).join(' ')}`);
      reads.push(readLog(database).then((log) => log.some(({ position }) => position === head)));
    });
    expect(database.headAtOpen).toBe(0);
    for (const writer of ['a', 'b']) {
      const position = await database.write(addLog, { writer });
      heard.push(`resolved ${position}`);
    }
    expect(heard).toEqual(['commit 1: 1', 'resolved 1', 'commit 2: 2', 'resolved 2']);
    expect(await Promise.all(reads)).toEqual([true, true]);
  });

  test('many writers at once: every position once, in order, with its audience', async () => {
    const database = await open(options);
    const positions: number[] = [];
    let head = 0;
    database.onCommit((commit) => {
      for (const { position, audience } of commit.changes) {
        positions.push(position);
        expect(audience).toEqual({ room: 1 });
      }
      expect(commit.head).toBeGreaterThanOrEqual(head);
      head = commit.head;
    });
    const results = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) => database.write(addLog, { writer: `w${index}` })),
    );
    const all = Array.from({ length: 1_000 }, (_, index) => index + 1);
    expect(results).toEqual(all);
    expect(positions).toEqual(all);
    expect(head).toBe(1_000);
  });

  test('writes beyond the queue are refused at once, those within it succeed', async () => {
    const database = await open(options);
    const results = await Promise.allSettled(
      Array.from({ length: 10_100 }, (_, index) => database.write(addLog, { writer: `w${index}` })),
    );
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused).toHaveLength(100);
    for (const { reason } of refused) expect(reason).toMatchObject({ status: 503, trouble: 'overloaded' });
    expect(await readLog(database)).toHaveLength(10_000);
  });

  test('closing waits for the writes under way and refuses later ones', async () => {
    const database = await open(options);
    const writing = Promise.all(['a', 'b'].map((writer) => database.write(addLog, { writer })));
    const closed = database[Symbol.asyncDispose]();
    await expect(database.write(addLog, { writer: 'late' })).rejects.toMatchObject({ trouble: 'closed' });
    expect(await writing).toEqual([1, 2]);
    await closed;
    await expect(countNotes(database)).rejects.toMatchObject({ trouble: 'closed' });
  });
});

describeOnBothEngines('what cannot cross a thread', (open) => {
  test('harms no other write', async () => {
    const database = await open(options);
    if (database.dialect.engine !== 'sqlite') return;
    const results = await Promise.allSettled([
      database.write(addNote, { name: 'a' }),
      database.write(addNote as never, (() => 1) as never),
      database.write(returnFunction, undefined),
      database.write(addNote, { name: 'b' }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect(await countNotes(database)).toBe(2);
  });
});
