// Where things lie in the media directory. Names are made of hashes and our own words only, never of what clients say.

import { join } from 'node:path';

/** Directories are private: nothing else serves these files. */
export const DIRECTORY_MODE = 0o700;
export const FILE_MODE = 0o600;

export interface FilePaths {
  /** Uploads that are not whole yet, and marks of those that were being put in place. */
  readonly incoming: string;
  /** ab/cd/…: the content with this SHA-256. */
  content(hash: Uint8Array): string;
  /** A directory with the thumbnails of this content. */
  thumbnails(hash: Uint8Array): string;
}

const fanOut = (hash: Uint8Array): [string, string, string] => {
  const hex = Buffer.from(hash).toString('hex');
  return [hex.slice(0, 2), hex.slice(2, 4), hex.slice(4)];
};

export const filePaths = (directory: string): FilePaths => ({
  incoming: join(directory, 'incoming'),
  content: (hash) => join(directory, ...fanOut(hash)),
  thumbnails: (hash) => join(directory, 'thumbnails', ...fanOut(hash)),
});
