// Signed requests to other servers: the way out for everything federation asks and sends.
// Server-Server API, "Request Authentication".

import type { OutboundStream } from '../../http/outbound/outbound.ts';
import type { Clock } from '../../lib/clock.ts';
import { canonicalJson } from '../../protocol/canonical-json/canonical-json.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import type { SigningKey } from '../../protocol/signing/signing-key.ts';
import { signRequest } from '../../protocol/x-matrix/sign-request.ts';
import type { Destinations } from '../destinations/destinations.ts';
import { PeerError } from '../peer-error.ts';
import type { Exchange } from './exchange.ts';
import { type PeerAnswer, readAnswer } from './read-answer.ts';
import { type PeerQuery, requestUri } from './request-uri.ts';

export interface PeerCall {
  readonly destination: ServerName;
  readonly method: 'GET' | 'PUT' | 'POST';
  /** From /_matrix on, percent-encoded. */
  readonly path: string;
  readonly query?: PeerQuery;
  /** An object, or the canonical JSON text of one. */
  readonly body?: JsonObject | string;
  /** From discovery to the last byte of the answer. */
  readonly timeoutMs: number;
  readonly responseSizeBytesMax: number;
  /** A user waits: called although the server failed a moment ago. A server that is gone stays left alone. */
  readonly ignoresBackOff?: boolean;
  /** Whatever makes it fail would make the next fail (transactions): each failure counts against the server. */
  readonly isVital?: boolean;
  readonly signal?: AbortSignal;
  /** Something else than this program may answer to the path under this server's own name. */
  readonly mayBeOwn?: boolean;
}

export interface CallsDeps {
  readonly clock: Clock;
  readonly serverName: ServerName;
  readonly signingKey: SigningKey;
  readonly exchange: Exchange;
  readonly destinations: Destinations;
  readonly isAllowed: (server: ServerName) => boolean;
}

const contentOf = (body: JsonObject | string | undefined): string | undefined =>
  body === undefined || typeof body === 'string' ? body : canonicalJson(body, 'lossless');

export function createCalls(deps: CallsDeps) {
  const { clock, serverName, signingKey, exchange, destinations, isAllowed } = deps;
  const counts = new Map<string, number>();
  const count = (outcome: string): void => void counts.set(outcome, (counts.get(outcome) ?? 0) + 1);

  const check = ({ destination, ignoresBackOff = false, mayBeOwn = false }: PeerCall): void => {
    if (destination === serverName && !mayBeOwn)
      throw new PeerError(destination, 'application', 'this is the server itself');
    if (!isAllowed(destination)) {
      throw new PeerError(destination, 'application', "this server's configuration forbids to call it", {
        errcode: 'M_FORBIDDEN',
      });
    }
    destinations.checkIsTried(destination, ignoresBackOff);
  };

  const send = (call: PeerCall): Promise<OutboundStream> => {
    const { destination, method, path, query, body, timeoutMs, responseSizeBytesMax, signal } = call;
    const uri = requestUri(path, query);
    const contentJson = contentOf(body);
    const signed = { method, uri, origin: serverName, destination, contentJson };
    return exchange.send({
      destination,
      method,
      uri,
      headers: {
        Authorization: signRequest(signed, signingKey),
        Accept: 'application/json',
        ...(contentJson === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(contentJson === undefined ? {} : { body: contentJson }),
      timeoutMs,
      responseSizeBytesMax,
      signal,
    });
  };

  /** Runs one call with what it teaches of the server's health. */
  const judged = async <T>(call: PeerCall, work: () => Promise<T>): Promise<T> => {
    check(call);
    const startedTs = clock.now();
    try {
      const answer = await work();
      destinations.noteSuccess(call.destination);
      count('ok');
      return answer;
    } catch (error) {
      if (error instanceof PeerError) {
        count(error.stage);
        if (error.isDown || (call.isVital && !call.signal?.aborted)) destinations.noteFailure(error, startedTs);
        // An answer of the server's own, if not the one hoped for.
        else if (error.stage === 'application') destinations.noteSuccess(call.destination);
      }
      throw error;
    }
  };

  return {
    /** The answer to a 2xx. Throws PeerError for everything else. */
    call: (call: PeerCall): Promise<PeerAnswer> =>
      judged(call, async () => readAnswer(call.destination, await send(call))),

    /** The same with the answer's body as a stream (media), which must be read or destroyed. */
    stream: (call: PeerCall): Promise<OutboundStream> =>
      judged(call, async () => {
        const answer = await send(call);
        if (answer.status < 200 || answer.status > 299) await readAnswer(call.destination, answer);
        return answer;
      }),

    counts: (): ReadonlyMap<string, number> => counts,
  };
}
