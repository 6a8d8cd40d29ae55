// Transactions of other servers: stored before they are answered, worked off afterwards.
// Server-Server API, "Transactions".

import type { ServerName } from '../../protocol/ids/branded.ts';
import type { ReadTx } from '../database.ts';
import { writer } from '../database.ts';
import { toStoredText } from '../text.ts';

export interface NewTransaction {
  readonly origin: ServerName;
  readonly txnId: string;
  readonly receivedTs: number;
  /** JSON text as it came; null when there is nothing to work off. */
  readonly body: string | null;
  /** JSON text. */
  readonly answer: string;
}

export interface StoredTransaction {
  /** null: the transaction was there already. */
  readonly nid: number | null;
  /** What it is, or was, answered with. */
  readonly answer: string;
}

export const storeInboundTransaction = writer(
  'storeInboundTransaction',
  async (tx, transaction: NewTransaction): Promise<StoredTransaction> => {
    const { origin, receivedTs, body, answer } = transaction;
    const txnId = toStoredText(transaction.txnId);
    const row = await tx.get<{ nid: number }>(
      `INSERT INTO inbound_transactions (origin, txn_id, received_ts, body, answer) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (origin, txn_id) DO NOTHING RETURNING nid AS "nid"`,
      ...[origin, txnId, receivedTs, body, answer],
    );
    if (row) return { nid: row.nid, answer };
    const before = await inboundAnswer(tx, origin, transaction.txnId);
    return { nid: null, answer: before ?? answer };
  },
);

/** What the transaction was answered with; undefined: it is not known. */
export const inboundAnswer = async (tx: ReadTx, origin: ServerName, txnId: string): Promise<string | undefined> => {
  const row = await tx.get<{ answer: string }>(
    'SELECT answer AS "answer" FROM inbound_transactions WHERE origin = ? AND txn_id = ?',
    origin,
    toStoredText(txnId),
  );
  return row?.answer;
};

/** They are worked off; what they were answered with is kept. */
export const finishInboundTransactions = writer(
  'finishInboundTransactions',
  async (tx, nids: readonly number[]): Promise<void> => {
    await tx.runMany(
      'UPDATE inbound_transactions SET body = NULL WHERE nid = ?',
      nids.map((nid) => [nid]),
    );
  },
);

export interface PendingTransaction {
  readonly nid: number;
  readonly origin: ServerName;
  readonly receivedTs: number;
  readonly body: string;
}

/** Not worked off yet, in the order they came, after `after` (a nid). */
export const pendingInboundTransactions = (tx: ReadTx, after: number, limit: number): Promise<PendingTransaction[]> =>
  tx.all(
    `SELECT nid AS "nid", origin AS "origin", received_ts AS "receivedTs", body AS "body" FROM inbound_transactions
     WHERE body IS NOT NULL AND nid > ? ORDER BY nid LIMIT ?`,
    after,
    limit,
  );

/** Rows that one write forgets, so that it keeps nobody waiting. */
const STEP = 2000;

/** Forgets some that were received before, worked off or not; whether there may be more. */
export const forgetInboundTransactions = writer(
  'forgetInboundTransactions',
  async (tx, before: number): Promise<boolean> => {
    const forgotten = await tx.run(
      `DELETE FROM inbound_transactions WHERE nid IN (
         SELECT nid FROM inbound_transactions WHERE received_ts < ? ORDER BY received_ts LIMIT ${STEP})`,
      before,
    );
    return forgotten >= STEP;
  },
);
