// The directory of an embedded database: whether this process may use it, and the lock that keeps a second one out.

import { accessSync, constants, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DatabaseRefused, StorageError } from '../database-errors.ts';
import { sqliteError } from './sqlite-error.ts';

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const assertUsable = (path: string, mode: number): void => {
  try {
    accessSync(path, mode);
  } catch (error) {
    throw new DatabaseRefused(
      `The server may not write ${path} (${reason(error)}).`,
      'Give the path to the user the server runs as, and see that its file system is not mounted read-only.',
      error,
    );
  }
};

/** Throws DatabaseRefused unless the directory and the database file, where they exist, belong to and serve this process. */
export const prepareDirectory = (file: string): void => {
  const directory = dirname(file);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new DatabaseRefused(
      `The data directory ${directory} cannot be made (${reason(error)}).`,
      'Make it by hand and give it to the user the server runs as.',
      error,
    );
  }
  assertUsable(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) return;
  const uid = process.geteuid?.();
  // Files that the wrong user adds beside the database would lock the right one out later.
  if (uid !== undefined && found.uid !== uid) {
    throw new DatabaseRefused(
      `The database ${file} belongs to user ${found.uid}, but the server runs as user ${uid}.`,
      `Run the server as user ${found.uid}, or give the whole data directory to user ${uid}.`,
    );
  }
  assertUsable(file, constants.R_OK | constants.W_OK);
};

const holder = (pidFile: string): string => {
  try {
    return `process ${Number.parseInt(readFileSync(pidFile, 'utf8'), 10)}`;
  } catch {
    return 'another process';
  }
};

/**
 * Takes the database for this process, or throws DatabaseRefused naming the process that has it. The lock is an
 * exclusive transaction on an empty file beside the database, which the operating system ends with its process.
 */
export const lockDatabase = (file: string): Disposable => {
  // Not in the locked file: whoever opens and closes that by other means than SQLite loses the lock (POSIX locks).
  const pidFile = `${file}.pid`;
  const lockFile = `${file}.lock`;
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(lockFile, { timeout: 0 });
    lock.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    lock?.close();
    const error = sqliteError(cause, 'lock');
    if (!(error instanceof StorageError)) throw error;
    if (error.trouble !== 'busy') throw new DatabaseRefused(`${lockFile}: ${error.why}`, error.remedy, error);
    throw new DatabaseRefused(
      `The database ${file} is in use by ${holder(pidFile)}.`,
      'Stop that process first; only one server can use an embedded database.',
      error,
    );
  }
  const held = lock;
  writeFileSync(pidFile, `${process.pid}\n`);
  return {
    [Symbol.dispose]() {
      rmSync(pidFile, { force: true });
      held.close();
    },
  };
};
