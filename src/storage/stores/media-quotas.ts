// What one user may upload in all and within a day. Client-Server API, "Content repository", security considerations.

import { limitExceeded, userLimitExceeded } from '../../protocol/errors/matrix-error.ts';
import type { ReadTx } from '../database.ts';

export interface UploadQuota {
  /** 0: no limit. */
  readonly totalBytesMax: number;
  /** Within 24 hours. 0: no limit. */
  readonly dailyBytesMax: number;
  /** Where users read about the total. */
  readonly infoUri: string;
}

const DAY_MS = 86_400_000;
const SUM = 'SELECT CAST(COALESCE(SUM(size_bytes), 0) AS BIGINT) AS "sizeBytes" FROM media';

/** Bytes that the user has uploaded and not deleted, since `fromTs`. */
export const uploadedBytesOf = async (tx: ReadTx, user: number, fromTs = 0): Promise<number> => {
  const row = await tx.get<{ sizeBytes: number }>(`${SUM} WHERE uploader = ? AND uploaded_ts >= ?`, user, fromTs);
  return row?.sizeBytes ?? 0;
};

/** Throws M_USER_LIMIT_EXCEEDED (403) beyond the total, and M_LIMIT_EXCEEDED (429) beyond what a day allows. */
export const checkQuota = async (
  tx: ReadTx,
  args: { user: number; sizeBytes: number; quota: UploadQuota; now: number },
): Promise<void> => {
  const { user, sizeBytes, quota, now } = args;
  const { totalBytesMax, dailyBytesMax, infoUri } = quota;
  if (totalBytesMax > 0 && (await uploadedBytesOf(tx, user)) + sizeBytes > totalBytesMax) {
    throw userLimitExceeded(`You may upload ${totalBytesMax} bytes in all, and this is more.`, infoUri);
  }
  if (dailyBytesMax === 0) return;
  const since = now - DAY_MS;
  if ((await uploadedBytesOf(tx, user, since)) + sizeBytes <= dailyBytesMax) return;
  const oldest = await tx.get<{ ts: number }>(
    'SELECT uploaded_ts AS "ts" FROM media WHERE uploader = ? AND uploaded_ts >= ? ORDER BY uploaded_ts LIMIT 1',
    user,
    since,
  );
  const waitMs = Math.max(1, (oldest?.ts ?? now) - since);
  throw limitExceeded(`You may upload ${dailyBytesMax} bytes a day, and this is more.`, waitMs);
};
