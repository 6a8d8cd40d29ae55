// What other servers sent: stored before it is answered.

import type { Migration } from './migration.ts';

export const migration: Migration = {
  id: 11,
  name: 'inbound',
  statements: [
    // body: what is not worked off yet; NULL when all of it is. answer: given again when the transaction comes again.
    `CREATE TABLE inbound_transactions (
      nid {id},
      origin {text} NOT NULL,
      txn_id {text} NOT NULL,
      received_ts {int} NOT NULL,
      body {text},
      answer {text} NOT NULL,
      UNIQUE (origin, txn_id)
    ){strict}`,
    'CREATE INDEX inbound_transactions_pending ON inbound_transactions (nid) WHERE body IS NOT NULL',
    'CREATE INDEX inbound_transactions_age ON inbound_transactions (received_ts)',
  ],
};
