// Sends one transaction to a server and reads what it says of the events in it. Server-Server API, "PUT /send/{txnId}".

import type { Log } from '../../lib/log.ts';
import { PeerError } from '../../peers/peer-error.ts';
import type { Peers } from '../../peers/peers.ts';
import { isJsonObject, type Json, type JsonObject } from '../../protocol/events/json.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import { transactionBody } from './compose-transaction.ts';
import type { Transaction } from './destination.ts';

/** What the sender needs of other servers. */
export type Transport = Pick<Peers, 'call' | 'isAllowed' | 'isLeftAlone' | 'troubleOf' | 'onReachable'>;

export interface DeliverDeps {
  readonly transport: Pick<Transport, 'call'>;
  readonly serverName: ServerName;
  readonly log: Log;
  readonly signal: AbortSignal;
}

const TIMEOUT_MS = 60_000;
const RESPONSE_SIZE_BYTES_MAX = 1_000_000;
const ERROR_LENGTH_MAX = 300;

/** Resolves with how many of the events the server refused. Throws PeerError unless it has the transaction. */
export const deliver = async (
  deps: DeliverDeps,
  destination: ServerName,
  transaction: Transaction,
): Promise<number> => {
  const answer = await deps.transport.call({
    destination,
    method: 'PUT',
    path: `/_matrix/federation/v1/send/${transaction.txnId}`,
    body: transactionBody(transaction, deps.serverName),
    timeoutMs: TIMEOUT_MS,
    responseSizeBytesMax: RESPONSE_SIZE_BYTES_MAX,
    isVital: true,
    signal: deps.signal,
  });
  if (!answer.text.includes('"error"')) return 0;
  const refused = refusedPdus(answer.json);
  if (refused.length > 0) {
    deps.log.info(
      { server: destination, refused: refused.slice(0, 5), count: refused.length },
      'Another server refused events.',
    );
  }
  return refused.length;
};

/** "The PDU failed to process": event id and reason. A server that has the transaction may say of it what it likes. */
const refusedPdus = (json: () => JsonObject): { eventId: string; error: string }[] => {
  let pdus: Json | undefined;
  try {
    ({ pdus } = json());
  } catch (error) {
    if (error instanceof PeerError) return [];
    throw error;
  }
  if (!isJsonObject(pdus)) return [];
  return Object.entries(pdus).flatMap(([eventId, result]) => {
    const error = isJsonObject(result) ? result.error : undefined;
    return typeof error === 'string'
      ? [{ eventId: eventId.slice(0, ERROR_LENGTH_MAX), error: error.slice(0, ERROR_LENGTH_MAX) }]
      : [];
  });
};
