// Transaction ids of clients, kept for as long as a client may still repeat a request.

import { writer } from '../database.ts';

/** Rows that one write looks at, so that it keeps nobody waiting. */
const STEP = 5000;

/** Forgets some that are older than `before` (milliseconds); whether there may be more. */
export const forgetTransactions = writer('forgetTransactions', async (tx, before: number): Promise<boolean> => {
  // Event nids grow with time, but for a few that were handed out long before they were used.
  const sent = await tx.run(
    `DELETE FROM client_transactions WHERE created_ts < ?
       AND event IN (SELECT event FROM client_transactions ORDER BY event LIMIT ${STEP})`,
    before,
  );
  const delivered = await tx.run(
    `DELETE FROM to_device_transactions WHERE created_ts < ? AND created_ts <=
       (SELECT max(created_ts) FROM (
         SELECT created_ts FROM to_device_transactions WHERE created_ts < ? ORDER BY created_ts LIMIT ${STEP}
       ) AS oldest)`,
    before,
    before,
  );
  return sent > 0 || delivered >= STEP;
});
