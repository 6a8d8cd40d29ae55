// Other servers without a network: what the sender of transactions calls, with servers that fail when a test says so.

import type { Transport } from '../../src/federation/outbound/deliver.ts';
import type { ManualClock } from '../../src/lib/manual-clock.ts';
import { PeerError } from '../../src/peers/peer-error.ts';
import type { ServerName } from '../../src/protocol/ids/branded.ts';
import type { DestinationTrouble } from '../../src/storage/stores/destinations.ts';

export interface FakeTransaction {
  readonly destination: ServerName;
  readonly txnId: string;
  readonly body: { pdus: { content: { body?: string } }[]; edus?: object[] };
}

export interface FakeTransport extends Transport {
  /** What arrived, also when the answer was lost. */
  readonly arrived: FakeTransaction[];
  /** Asked for each transaction. Default: ok. */
  answer: (destination: ServerName) => 'ok' | 'down' | 'lost' | 'never' | PeerError;
  /** Whether what arrives is kept for the test to look at. */
  keeps: (destination: ServerName) => boolean;
  readonly running: number;
  reachable(server: ServerName): void;
  troubles: Map<ServerName, DestinationTrouble>;
}

const RETRY_MS = 10_000;

export const fakeTransport = (clock: ManualClock): FakeTransport => {
  const listeners: ((server: ServerName) => void)[] = [];
  const troubles = new Map<ServerName, DestinationTrouble>();
  const arrived: FakeTransaction[] = [];
  let running = 0;
  const fail = (destination: ServerName, error: PeerError): never => {
    const before = troubles.get(destination);
    const failures = (before?.failures ?? 0) + 1;
    troubles.set(destination, {
      serverName: destination,
      stage: error.stage,
      reason: error.message,
      sinceTs: before?.sinceTs ?? clock.now(),
      lastFailureTs: clock.now(),
      failures,
      retryTs: clock.now() + Math.min(RETRY_MS * 2 ** failures, 3_600_000),
      goneTs: null,
    });
    throw error;
  };
  const transport: FakeTransport = {
    arrived,
    troubles,
    keeps: () => true,
    answer: () => 'ok',
    get running() {
      return running;
    },
    reachable(server) {
      troubles.delete(server);
      for (const listener of listeners) listener(server);
    },
    isAllowed: () => true,
    troubleOf: (server) => troubles.get(server),
    isLeftAlone: (server) => (troubles.get(server)?.retryTs ?? 0) > clock.now(),
    onReachable: (listener) => void listeners.push(listener),
    async call({ destination, path, body, signal }) {
      running += 1;
      try {
        await new Promise((resolve) => setImmediate(resolve));
        const answer = transport.answer(destination);
        if (answer === 'never') {
          await new Promise((_, reject) => {
            signal?.addEventListener('abort', () => reject(new PeerError(destination, 'http', 'aborted')));
          });
        }
        if (answer instanceof PeerError) return fail(destination, answer);
        if (answer === 'down') return fail(destination, new PeerError(destination, 'tcp', 'refused', { isDown: true }));
        if (transport.keeps(destination)) {
          const txnId = path.slice(path.lastIndexOf('/') + 1);
          arrived.push({ destination, txnId, body: JSON.parse(body as string) as FakeTransaction['body'] });
        }
        if (answer === 'lost') return fail(destination, new PeerError(destination, 'http', 'lost', { isDown: true }));
        if (troubles.delete(destination)) for (const listener of listeners) listener(destination);
        return { status: 200, text: '{"pdus":{}}', json: () => ({ pdus: {} }) };
      } finally {
        running -= 1;
      }
    },
  };
  return transport;
};
