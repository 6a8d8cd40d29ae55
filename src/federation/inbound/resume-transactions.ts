// Takes up transactions that were answered and not worked off when the server stopped.

import type { Log } from '../../lib/log.ts';
import { parseJsonLossless } from '../../protocol/canonical-json/parse-json.ts';
import { MatrixError } from '../../protocol/errors/matrix-error.ts';
import { isJsonObject } from '../../protocol/events/json.ts';
import type { Database } from '../../storage/database.ts';
import {
  finishInboundTransactions,
  type PendingTransaction,
  pendingInboundTransactions,
} from '../../storage/stores/inbound-transactions.ts';
import { readTransaction, type TransactionContent } from './read-transaction.ts';

export interface ResumeDeps {
  readonly db: Database;
  readonly log: Log;
  /** Begins to work it off; false: there is nothing to be done. */
  readonly work: (transaction: PendingTransaction, content: TransactionContent) => Promise<boolean>;
}

const PAGE = 50;

/** Resolves with how many there were, once all are queued. What cannot be read any more does not keep the server from starting. */
export const resumeTransactions = async ({ db, log, work }: ResumeDeps): Promise<number> => {
  const resume = async (transaction: PendingTransaction): Promise<boolean> => {
    try {
      const body = parseJsonLossless(transaction.body);
      return await work(transaction, readTransaction(isJsonObject(body) ? body : {}));
    } catch (err) {
      if (!(err instanceof MatrixError)) throw err;
      log.warn({ err, source: transaction.origin }, 'A stored transaction cannot be read.');
      return false;
    }
  };
  let resumed = 0;
  for (let after = 0; ; ) {
    const page = await db.read((tx) => pendingInboundTransactions(tx, after, PAGE));
    for (const each of page) if (!(await resume(each))) await db.write(finishInboundTransactions, [each.nid]);
    resumed += page.length;
    if (page.length < PAGE) return resumed;
    after = page.at(-1)!.nid;
  }
};
