// Transaction ids of clients, kept for as long as a client may still repeat a request.

import { writer } from '../database.ts';

/** Rows that one write forgets, so that it keeps nobody waiting. */
const STEP = 5000;

/** Forgets some that are older than `before` (milliseconds); whether there may be more. */
export const forgetTransactions = writer('forgetTransactions', async (tx, before: number): Promise<boolean> => {
  const forgotten = await tx.run(
    `DELETE FROM client_transactions WHERE created_ts < ? AND created_ts <=
       (SELECT max(created_ts) FROM (
         SELECT created_ts FROM client_transactions WHERE created_ts < ? ORDER BY created_ts LIMIT ${STEP}
       ) AS oldest)`,
    before,
    before,
  );
  return forgotten >= STEP;
});
