// Streams an upload to a temporary file, hashed on the way, holding one piece of it in memory at a time.

import { createHash } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { randomId } from '../lib/random.ts';
import { tooLarge } from '../protocol/errors/matrix-error.ts';
import type { FileOnDisk } from '../storage/stores/media-files.ts';
import { FILE_MODE } from './file-paths.ts';
import { storageTrouble } from './storage-trouble.ts';

export interface ReceivedFile extends FileOnDisk {
  /** Where it lies, whole and synced. */
  readonly path: string;
}

/**
 * Throws M_TOO_LARGE, 507 on a full disk, and what the source fails with; nothing is left behind then.
 * The source is destroyed in every case.
 */
export async function receiveFile(source: Readable, incoming: string, sizeBytesMax: number): Promise<ReceivedFile> {
  const path = join(incoming, `${randomId()}.part`);
  try {
    const file = await open(path, 'wx', FILE_MODE);
    try {
      return { path, ...(await writeAll(source, file, sizeBytesMax)) };
    } finally {
      await file.close();
    }
  } catch (error) {
    // A source may still fail after it was given up.
    source.on('error', () => {}).destroy();
    await rm(path, { force: true });
    throw storageTrouble(error);
  }
}

async function writeAll(source: Readable, file: FileHandle, sizeBytesMax: number): Promise<FileOnDisk> {
  const sha256 = createHash('sha256');
  let sizeBytes = 0;
  for await (const piece of source as AsyncIterable<Buffer>) {
    sizeBytes += piece.length;
    if (sizeBytes > sizeBytesMax) throw tooLarge(`Files may have ${sizeBytesMax} bytes at most.`);
    sha256.update(piece);
    await file.writeFile(piece);
  }
  await file.sync();
  return { hash: new Uint8Array(sha256.digest()), sizeBytes };
}
