// Thumbnails on disk, in a directory of their content: <size>.<type>, or <size>.<type>.original where the content serves itself.

import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomId } from '../lib/random.ts';
import { DIRECTORY_MODE, FILE_MODE } from './file-paths.ts';
import type { FileStore } from './file-store.ts';
import type { Thumbnail, ThumbnailType } from './make-thumbnail.ts';
import { THUMBNAILS_PER_FILE_MAX } from './media-limits.ts';

const extensions = { 'image/jpeg': 'jpg', 'image/png': 'png', 'image/webp': 'webp', 'image/gif': 'gif' } as const;
const types = new Map<string, ThumbnailType>(
  Object.entries(extensions).map(([type, extension]) => [extension, type as ThumbnailType]),
);

/** `name`: of the size, without dots. undefined: not made yet. */
export async function keptThumbnail(files: FileStore, hash: Uint8Array, name: string): Promise<Thumbnail | undefined> {
  const directory = files.paths.thumbnails(hash);
  const names = await readdir(directory).catch(() => []);
  const found = names.find((each) => each.startsWith(`${name}.`));
  const [extension = '', mark] = found?.slice(name.length + 1).split('.') ?? [];
  const contentType = types.get(extension);
  if (found === undefined || contentType === undefined) return undefined;
  if (mark === 'original') return { original: contentType };
  const bytes = await readFile(join(directory, found)).catch(() => undefined);
  return bytes && { contentType, bytes };
}

/** Not beyond a number for each content: then each request makes its own. */
export async function keepThumbnail(files: FileStore, hash: Uint8Array, name: string, made: Thumbnail): Promise<void> {
  const directory = files.paths.thumbnails(hash);
  await mkdir(directory, { recursive: true, mode: DIRECTORY_MODE });
  if ((await readdir(directory)).length >= THUMBNAILS_PER_FILE_MAX) return;
  const [file, bytes] =
    'original' in made
      ? [`${name}.${extensions[made.original]}.original`, '']
      : [`${name}.${extensions[made.contentType]}`, made.bytes];
  const part = join(directory, `${randomId()}.part`);
  try {
    await writeFile(part, bytes, { mode: FILE_MODE });
    await rename(part, join(directory, file));
  } finally {
    await rm(part, { force: true });
  }
  // The content may have been deleted meanwhile, and its thumbnails with it.
  if (!(await files.has(hash))) await rm(directory, { recursive: true, force: true });
}
