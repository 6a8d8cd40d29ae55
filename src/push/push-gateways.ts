// Calls push gateways. Push Gateway API, POST /_matrix/push/v1/notify.

import type { Outbound } from '../http/outbound/outbound.ts';
import { createTurns } from '../lib/turns.ts';
import type { JsonObject } from '../protocol/events/json.ts';

const RESPONSE_SIZE_BYTES_MAX = 64 * 1024;
const TIMEOUT_MS = 30_000;
/** Calls at the same time, over all gateways. */
const CALLS_MAX = 64;
const WAITING_MAX = 100_000;

/** The pushkeys that the gateway rejects. Throws when it cannot be reached or does not say 200. */
export type CallGateway = (url: string, body: JsonObject, signal: AbortSignal) => Promise<readonly string[]>;

const rejectedIn = (body: Uint8Array): string[] => {
  try {
    const { rejected } = JSON.parse(new TextDecoder().decode(body)) as { rejected?: unknown };
    return Array.isArray(rejected) ? rejected.filter((key) => typeof key === 'string') : [];
  } catch {
    // A gateway that accepts but says nothing has rejected nothing.
    return [];
  }
};

export const createGateways = ({ outbound }: { outbound: Outbound }): CallGateway => {
  const inTurn = createTurns({
    runningMax: CALLS_MAX,
    waitingMax: WAITING_MAX,
    full: () => new Error('too many push notifications wait for their turn'),
  });
  return (url, body, signal) =>
    inTurn(async () => {
      const answer = await outbound.request({
        url,
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
        responseSizeBytesMax: RESPONSE_SIZE_BYTES_MAX,
        timeoutMs: TIMEOUT_MS,
        signal,
      });
      if (answer.status < 200 || answer.status > 299) throw new Error(`the gateway answered ${answer.status}`);
      return rejectedIn(answer.body);
    });
};
