// The same transaction id from the same device to the same endpoint is the same event, also when two requests arrive at
// once and after a restart. Client-Server API, "Transaction identifiers".

import { LruCache } from '../../lib/lru-cache.ts';
import { eventOfTransaction, eventsById } from '../../storage/stores/events.ts';
import type { TransactionRow } from '../../storage/stores/persist.ts';
import type { Engine } from '../rooms.ts';
import type { SentEvent } from './draft.ts';

/** Transactions remembered in memory, so that repeating them does not fail a write; about 200 bytes each. */
const RECENT_MAX = 5_000;

/** What was sent under this transaction id before; else what `send` sends now. */
export type SendOnce = (transaction: TransactionRow, send: () => Promise<SentEvent>) => Promise<SentEvent>;

export const createSendOnce = (engine: Pick<Engine, 'db'>): SendOnce => {
  const recent = new LruCache<string, SentEvent>(RECENT_MAX);
  const underWay = new Map<string, Promise<SentEvent>>();

  // Nearly no transaction id comes twice, so nobody looks first: the write of a second event under it fails.
  const sendOrFind = async (transaction: TransactionRow, send: () => Promise<SentEvent>): Promise<SentEvent> => {
    try {
      return await send();
    } catch (error) {
      const earlier = await findSent(engine, transaction);
      if (earlier) return earlier;
      throw error;
    }
  };

  return async (transaction, send) => {
    const key = `${transaction.device}\0${transaction.scope}\0${transaction.txnId}`;
    const known = recent.get(key) ?? underWay.get(key);
    if (known) return known;
    const sending = sendOrFind(transaction, send);
    underWay.set(key, sending);
    try {
      const sent = await sending;
      recent.set(key, sent);
      return sent;
    } finally {
      underWay.delete(key);
    }
  };
};

const findSent = ({ db }: Pick<Engine, 'db'>, transaction: TransactionRow): Promise<SentEvent | undefined> =>
  db.read(async (tx) => {
    const eventId = await eventOfTransaction(tx, transaction.device, transaction.scope, transaction.txnId);
    const [event] = eventId === undefined ? [] : await eventsById(tx, [eventId]);
    return event && { eventId: event.eventId, position: event.position! };
  });
