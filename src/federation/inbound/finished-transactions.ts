// Marks transactions of which nothing is left, many in one write; after a crash they are worked off again, which does no harm.

import type { Log } from '../../lib/log.ts';
import type { Database } from '../../storage/database.ts';
import { finishInboundTransactions } from '../../storage/stores/inbound-transactions.ts';

export const createFinishedTransactions = ({ db, log }: { readonly db: Database; readonly log: Log }) => {
  let nids: number[] = [];
  let writing: Promise<void> | undefined;
  const write = async (): Promise<void> => {
    while (nids.length > 0) {
      const finished = nids;
      nids = [];
      await db.write(finishInboundTransactions, finished).catch((err: unknown) => {
        log.warn({ err, transactions: finished.length }, 'Transactions could not be marked as worked off.');
      });
    }
    writing = undefined;
  };
  return {
    push(nid: number): void {
      nids.push(nid);
      writing ??= Promise.resolve().then(write);
    },
    /** Resolves when all are written: for the end. */
    settled: async (): Promise<void> => writing,
  };
};
