// The contents on disk, by their SHA-256: which of them rows of media name, and which are in quarantine.

import { forbidden } from '../../protocol/errors/matrix-error.ts';
import type { ReadTx, WriteTx } from '../database.ts';
import { writer } from '../database.ts';

export interface FileOnDisk {
  /** SHA-256, 32 bytes. */
  readonly hash: Uint8Array;
  readonly sizeBytes: number;
}

/** Whether media name this content: then its file must lie on disk. */
export const isFileUsed = async (tx: ReadTx, hash: Uint8Array): Promise<boolean> =>
  (await tx.get('SELECT nid FROM media WHERE file = ? LIMIT 1', hash)) !== undefined;

/** Throws M_FORBIDDEN when the content is in quarantine. */
export const ensureFile = async (tx: WriteTx, { hash, sizeBytes }: FileOnDisk, now: number): Promise<void> => {
  await tx.run(
    'INSERT INTO media_files (hash, size_bytes, created_ts) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
    hash,
    sizeBytes,
    now,
  );
  const row = await tx.get<{ quarantined: number | null }>(
    'SELECT quarantined_ts AS "quarantined" FROM media_files WHERE hash = ?',
    hash,
  );
  if (row?.quarantined !== null) throw forbidden('This content is not allowed on this server.');
};

/** Removes the row unless media name it or it is in quarantine, which outlives the file; true: the file on disk is to go. */
export const dropFileIfUnused = async (tx: WriteTx, hash: Uint8Array): Promise<boolean> => {
  if (await isFileUsed(tx, hash)) return false;
  await tx.run('DELETE FROM media_files WHERE hash = ? AND quarantined_ts IS NULL', hash);
  return true;
};

/** Also for contents that are not here yet. `now` undefined: out of quarantine. */
export const setQuarantine = writer(
  'setMediaQuarantine',
  async (tx, args: { hash: Uint8Array; now: number | undefined }): Promise<void> => {
    if (args.now === undefined) {
      await tx.run('UPDATE media_files SET quarantined_ts = NULL WHERE hash = ?', args.hash);
      await dropFileIfUnused(tx, args.hash);
      return;
    }
    await tx.run(
      `INSERT INTO media_files (hash, size_bytes, created_ts, quarantined_ts) VALUES (?, 0, ?, ?)
       ON CONFLICT (hash) DO UPDATE SET quarantined_ts = excluded.quarantined_ts`,
      args.hash,
      args.now,
      args.now,
    );
  },
);
