// Writers for the contract tests of the database itself; the writer thread of SQLite loads this module by its URL.

import { type SQLInputValue, type StatementResultingChanges, StatementSync } from 'node:sqlite';
import { forbidden } from '../../src/protocol/errors/matrix-error.ts';
import { type WriteTx, writer } from '../../src/storage/database.ts';
import { toStoredText } from '../../src/storage/text.ts';

export const addNote = writer('addNote', async (tx, note: { name: string; number?: number; body?: Uint8Array }) => {
  await tx.run(
    'INSERT INTO notes (name, number, body) VALUES (?, ?, ?)',
    toStoredText(note.name),
    note.number ?? null,
    note.body ?? null,
  );
});

export const addNotes = writer('addNotes', (tx, names: readonly string[]) =>
  tx.runMany(
    'INSERT INTO notes (name, number) VALUES (?, ?)',
    names.map((name, index) => [name, index]),
  ),
);

/** Takes a position, writes, and then fails in the way asked for. */
export const addLog = writer(
  'addLog',
  async (tx, args: { writer: string; fail?: 'matrix' | 'unique' | 'swallowed' | 'early' }) => {
    if (args.fail === 'early') throw forbidden('refused before anything was written');
    const position = await tx.nextPosition({ room: 1 });
    await tx.run('INSERT INTO log (position, writer) VALUES (?, ?)', position, args.writer);
    if (args.fail === 'matrix') throw forbidden('refused after writing', { fields: { soft: true } });
    const again = (): Promise<number> => tx.run('INSERT INTO log (position, writer) VALUES (?, ?)', position, 'again');
    if (args.fail === 'unique') await again();
    if (args.fail === 'swallowed') await again().catch(() => 0);
    return position;
  },
);

/** The reference is checked only at the commit. */
export const addReply = writer('addReply', async (tx, note: number) => {
  await tx.run('INSERT INTO replies (note) VALUES (?)', note);
});

export const returnFunction = writer('returnFunction', async () => () => 1);

export const mistakeInSql = writer('mistakeInSql', (tx) => tx.run('INSERT INTO nowhere VALUES (1)'));

/** Reads its own writes, and the changed rows are counted. */
export const renameAll = writer('renameAll', async (tx, suffix: string) => {
  const changed = await tx.run('UPDATE notes SET name = name || ?', suffix);
  return { changed, names: await tx.all<{ name: string }>('SELECT name FROM notes ORDER BY name') };
});

let leaked: WriteTx | undefined;

export const leakTransaction = writer('leakTransaction', async (tx) => {
  leaked = tx;
});

export const useLeakedTransaction = writer('useLeakedTransaction', async () => {
  await leaked?.run("INSERT INTO notes (name) VALUES ('leaked')");
});

/** From then on SQLite finds the disk full as soon as the file should grow beyond this. */
export const limitPages = writer('limitPages', (tx, pages: number) => tx.all(`PRAGMA max_page_count = ${pages}`));

/** Ends the writer thread in the middle of a batch. */
export const endThread = writer('endThread', async (tx) => {
  await tx.run("INSERT INTO notes (name) VALUES ('half done')");
  process.exit(1);
});

/** Ends the writer thread of SQLite once the batch is committed, before anybody hears of it. */
export const endThreadAfterCommit = writer('endThreadAfterCommit', async (tx) => {
  await tx.run('INSERT INTO log (position, writer) VALUES (?, ?)', await tx.nextPosition({ room: 1 }), 'unheard');
  const { run } = StatementSync.prototype;
  const runAndEnd = function (this: StatementSync, ...params: SQLInputValue[]): StatementResultingChanges {
    const result = Reflect.apply(run, this, params) as StatementResultingChanges;
    if (this.sourceSQL === 'COMMIT') process.exit(1);
    return result;
  };
  StatementSync.prototype.run = runAndEnd as typeof run;
});
