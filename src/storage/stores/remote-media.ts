// Files of other servers that are kept here for a while, and which of them go first.

import type { ReadTx } from '../database.ts';
import { writer } from '../database.ts';
import { deleteMedia } from './media.ts';

export const noteMediaUse = writer('noteMediaUse', async (tx, args: { nid: number; now: number }): Promise<void> => {
  await tx.run('UPDATE media SET used_ts = ? WHERE nid = ?', args.now, args.nid);
});

export interface RemoteFileRow {
  readonly nid: number;
  readonly file: Uint8Array;
}

/** Of the remote files, least used first, so many that the others' total is within `keptBytesMax`; at most `limit`. */
export const leastUsedRemoteMedia = (tx: ReadTx, keptBytesMax: number, limit: number): Promise<RemoteFileRow[]> =>
  tx.all<RemoteFileRow>(
    `SELECT nid AS "nid", file AS "file" FROM (
       SELECT nid, file, used_ts, sum(size_bytes) OVER (ORDER BY used_ts DESC, nid DESC) AS kept FROM media
       WHERE uploader IS NULL AND used_ts IS NOT NULL AND file IS NOT NULL) AS remote
     WHERE kept > ? ORDER BY used_ts, nid LIMIT ?`,
    keptBytesMax,
    limit,
  );

/** As deleteMedia. */
export const removeRemoteMedia = writer('removeRemoteMedia', deleteMedia);
