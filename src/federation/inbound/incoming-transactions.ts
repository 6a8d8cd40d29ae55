// Transactions of other servers: stored with their answer before they are answered, worked off afterwards, also after a
// restart. The same transaction gets the same answer.
// Server-Server API, "Transactions".

import type { Log } from '../../lib/log.ts';
import type { Metrics } from '../../lib/metrics.ts';
import { singleFlight } from '../../lib/single-flight.ts';
import { invalidParam, MatrixError } from '../../protocol/errors/matrix-error.ts';
import type { Json, JsonObject } from '../../protocol/events/json.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import {
  forgetInboundTransactions,
  type PendingTransaction,
  storeInboundTransaction,
} from '../../storage/stores/inbound-transactions.ts';
import type { PendingWork } from './backlog.ts';
import { registerInboundMetrics } from './inbound-metrics.ts';
import { losslessBody, readTransaction, type TransactionContent } from './read-transaction.ts';
import { resumeTransactions } from './resume-transactions.ts';
import { createSharedRooms } from './shared-rooms.ts';
import { answerText, type SortedPdus, sortPdus } from './sort-pdus.ts';
import { createWorkOff, type WorkOffDeps } from './work-off.ts';

export interface IncomingTransactionsDeps extends Omit<WorkOffDeps, 'signal'> {
  readonly rooms: Pick<Rooms, 'view'>;
  readonly metrics: Metrics;
  /** Whether an event ended an invite or a knock of a room that this server is not in, which no room can take. */
  readonly takeMembership: (origin: ServerName, pdu: Json) => Promise<boolean>;
}

export interface IncomingTransaction {
  readonly origin: ServerName;
  readonly txnId: string;
  /** As JSON.parse read it. */
  readonly body: JsonObject;
  readonly bodyText: string;
}

const TXN_ID_LENGTH_MAX = 1000;
/** Who got no answer for days has given up; so has this server for what it could not work off. */
const TRANSACTIONS_LIVE_MS = 3 * 24 * 3_600_000;

/** Of a transaction of which nothing is sorted yet. */
const workOf = (
  origin: ServerName,
  receivedTs: number,
  sizeBytes: number,
  { pdus }: TransactionContent,
): PendingWork => ({ nid: 0, origin, receivedTs, sizeBytes, pdus: pdus.length, left: 0, isKept: false });

const worksIn = ({ queued }: SortedPdus, { edus }: TransactionContent): number =>
  queued.length + (edus.length > 0 ? 1 : 0);

const createSort = (deps: Pick<IncomingTransactionsDeps, 'rooms' | 'takeMembership'>) => {
  const sharedRooms = createSharedRooms(deps);
  return async (pdus: readonly Json[], origin: ServerName): Promise<SortedPdus> => {
    const forRooms: Json[] = [];
    for (const pdu of pdus) if (!(await deps.takeMembership(origin, pdu))) forRooms.push(pdu);
    return sortPdus(forRooms, origin, sharedRooms);
  };
};

const noteRefusals = (
  origin: ServerName,
  { refused }: SortedPdus,
  { log, count }: { readonly log: Log; readonly count: (kind: string) => void },
): void => {
  for (const { kind, eventId, roomId, reason } of refused) {
    count(kind);
    log.debug({ source: origin, eventId, roomId, reason }, 'An event was refused.');
  }
};

export const createIncomingTransactions = (deps: IncomingTransactionsDeps) => {
  const { db, clock, log } = deps;
  const stopping = new AbortController();
  const workOff = createWorkOff({ ...deps, signal: stopping.signal });
  const { backlog } = workOff;
  const flights = singleFlight<string, string>();
  const transactions = new Map<string, number>();
  const count = (outcome: string): void => void transactions.set(outcome, (transactions.get(outcome) ?? 0) + 1);
  registerInboundMetrics(deps.metrics, { pdus: workOff.outcomes, transactions, gauges: workOff.gauges });

  const sort = createSort(deps);

  const work = async ({ nid, origin, receivedTs, body }: PendingTransaction, content: TransactionContent) => {
    const sorted = await sort(content.pdus, origin);
    const left = worksIn(sorted, content);
    if (left === 0) return false;
    const pending = { ...workOf(origin, receivedTs, body.length, content), nid, left };
    backlog.add(pending);
    workOff.push(pending, sorted.queued, content.edus);
    return true;
  };

  const store = async ({ origin, txnId, bodyText }: IncomingTransaction, content: TransactionContent) => {
    const receivedTs = clock.now();
    const pending = workOf(origin, receivedTs, bodyText.length, content);
    backlog.add(pending);
    try {
      await workOff.intake();
      const sorted = await sort(content.pdus, origin);
      pending.left = worksIn(sorted, content);
      const body = pending.left > 0 ? bodyText : null;
      const row = { origin, txnId, receivedTs, body, answer: answerText(sorted) };
      const { nid, answer } = await db.write(storeInboundTransaction, row);
      if (nid === null || pending.left === 0) backlog.cancel(pending);
      count(nid === null ? 'repeated' : 'new');
      if (nid === null) return answer;
      pending.nid = nid;
      noteRefusals(origin, sorted, { log, count: workOff.count });
      workOff.push(pending, sorted.queued, content.edus);
      return answer;
    } catch (error) {
      backlog.cancel(pending);
      throw error;
    }
  };

  return {
    /**
     * The answer, as JSON text. Throws M_BAD_JSON for a body that is no transaction, M_LIMIT_EXCEEDED when too much is to be
     * worked off already.
     */
    async receive(transaction: IncomingTransaction): Promise<string> {
      const { origin, txnId, body, bodyText } = transaction;
      if (txnId.length > TXN_ID_LENGTH_MAX) throw invalidParam('The transaction ID is too long');
      return flights.run(`${origin} ${txnId}`, async () => {
        try {
          backlog.check(origin);
          return await store(transaction, readTransaction(losslessBody(body, bodyText)));
        } catch (error) {
          if (error instanceof MatrixError) count(error.status === 429 ? 'limited' : 'refused');
          throw error;
        }
      });
    },

    /** Works off what was stored before this server was started: call it before transactions are received. */
    async start(): Promise<void> {
      const resumed = await resumeTransactions({ db, log, work });
      if (resumed > 0) log.info({ transactions: resumed }, 'Transactions of other servers are worked off.');
    },

    /** Forgets transactions so old that they do not come again. */
    async forgetOld(): Promise<void> {
      while (await db.write(forgetInboundTransactions, clock.now() - TRANSACTIONS_LIVE_MS));
    },

    async [Symbol.asyncDispose](): Promise<void> {
      stopping.abort(new DOMException('the server is shutting down', 'AbortError'));
      await workOff.settled();
    },
  };
};

export type IncomingTransactions = ReturnType<typeof createIncomingTransactions>;
