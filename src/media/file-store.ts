// Contents on disk under their SHA-256. A content is there exactly when a row of media names it: whatever a crash leaves
// in between is found by its mark when the store opens.

import { type FileHandle, mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { keyedLock } from '../lib/keyed-lock.ts';
import { StorageError } from '../storage/database-errors.ts';
import { DIRECTORY_MODE, FILE_MODE, type FilePaths, filePaths } from './file-paths.ts';
import { type ReceivedFile, receiveFile } from './receive-file.ts';
import { storageTrouble } from './storage-trouble.ts';

export interface FileStore {
  readonly paths: FilePaths;
  /** As receiveFile. What is received must be kept or discarded. */
  receive(source: Readable, sizeBytesMax: number): Promise<ReceivedFile>;
  /** Puts it in its place, then runs `record`, which writes the row that names it. When that throws, nothing is left. */
  keep<T>(received: ReceivedFile, record: () => Promise<T>): Promise<T>;
  discard(received: ReceivedFile): Promise<void>;
  /** Runs `forget`, which removes rows, then deletes the content that it returns together with its thumbnails. */
  remove(hash: Uint8Array, forget: () => Promise<Uint8Array | undefined>): Promise<void>;
  /** undefined: no such content. Whoever opens closes. */
  open(hash: Uint8Array): Promise<FileHandle | undefined>;
  has(hash: Uint8Array): Promise<boolean>;
}

export type IsUsed = (hash: Uint8Array) => Promise<boolean>;

const MARK = /^[0-9a-f]{64}$/;
const hexOf = (hash: Uint8Array): string => Buffer.from(hash).toString('hex');

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

/** Makes names in a directory durable. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function moveDurably(from: string, to: string, root: string): Promise<void> {
  const made = await mkdir(dirname(to), { recursive: true, mode: DIRECTORY_MODE });
  await rename(from, to);
  await syncDirectory(dirname(to));
  if (made === undefined) return;
  for (let at = dirname(dirname(to)); at.startsWith(root); at = dirname(at)) await syncDirectory(at);
}

/** Opens the directory, makes it when needed, and removes what a crash left. `isUsed`: whether a row names the content. */
export async function openFileStore(directory: string, isUsed: IsUsed): Promise<FileStore> {
  const paths = filePaths(directory);
  await mkdir(paths.incoming, { recursive: true, mode: DIRECTORY_MODE });
  const locks = keyedLock<string>();
  const markOf = (hash: Uint8Array): string => join(paths.incoming, hexOf(hash));

  const erase = async (hash: Uint8Array): Promise<void> => {
    // Thumbnails last: whoever makes one looks afterwards whether its content is still there.
    await rm(paths.content(hash), { force: true });
    await rm(paths.thumbnails(hash), { recursive: true, force: true });
  };
  const settle = async (hash: Uint8Array): Promise<void> => {
    if (!(await isUsed(hash))) await erase(hash);
    await rm(markOf(hash), { force: true });
  };
  const place = async ({ path, hash, sizeBytes }: ReceivedFile): Promise<void> => {
    await writeFile(markOf(hash), '', { mode: FILE_MODE });
    const target = paths.content(hash);
    const known = await stat(target).catch(() => undefined);
    if (known?.size === sizeBytes) await rm(path);
    else await moveDurably(path, target, directory);
  };

  for (const name of await readdir(paths.incoming)) {
    if (MARK.test(name)) await settle(Buffer.from(name, 'hex'));
    else await rm(join(paths.incoming, name), { recursive: true, force: true });
  }
  return {
    paths,
    receive: (source, sizeBytesMax) => receiveFile(source, paths.incoming, sizeBytesMax),
    keep: (received, record) =>
      locks.run(hexOf(received.hash), async () => {
        try {
          await place(received);
          const result = await record();
          await rm(markOf(received.hash), { force: true });
          return result;
        } catch (error) {
          await rm(received.path, { force: true });
          // When nobody knows what became of the row, the mark stays for the next start.
          if (!(error instanceof StorageError && error.outcomeUnknown)) await settle(received.hash).catch(() => {});
          throw storageTrouble(error);
        }
      }),
    discard: ({ path }) => rm(path, { force: true }),
    remove: (hash, forget) =>
      locks.run(hexOf(hash), async () => {
        // A mark first: a crash between the row's end and the file's must not leave the file.
        await writeFile(markOf(hash), '', { mode: FILE_MODE });
        const unused = await forget();
        if (unused) await erase(unused);
        await rm(markOf(hash), { force: true });
      }),
    has: (hash) =>
      stat(paths.content(hash)).then(
        () => true,
        () => false,
      ),
    open: (hash) =>
      open(paths.content(hash), 'r').catch((error: unknown) => {
        if (isMissing(error)) return undefined;
        throw error;
      }),
  };
}
