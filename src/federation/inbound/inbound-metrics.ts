// What the metrics tell of what other servers send.

import type { Metrics, Sample } from '../../lib/metrics.ts';

export interface InboundCounts {
  /** Events by what became of them. */
  readonly pdus: ReadonlyMap<string, number>;
  readonly transactions: ReadonlyMap<string, number>;
  readonly gauges: () => {
    readonly transactions: number;
    readonly pdus: number;
    readonly oldestAgeMs: number;
    readonly queuedPdus: number;
    readonly queuedRooms: number;
    readonly waitingPdus: number;
  };
}

const samples = (label: string, counts: Iterable<readonly [string, number]>): Sample[] =>
  [...counts].map(([name, value]) => ({ labels: { [label]: name }, value }));

export const registerInboundMetrics = (metrics: Metrics, { pdus, transactions, gauges }: InboundCounts): void => {
  const gauge = (name: string, help: string, read: (counts: ReturnType<typeof gauges>) => number): void =>
    metrics.collected('gauge', name, help, () => [{ labels: {}, value: read(gauges()) }]);
  metrics.collected('counter', 'federation_received_pdus_total', "Other servers' events, by what became of them.", () =>
    samples('outcome', pdus),
  );
  metrics.collected('counter', 'federation_received_transactions_total', "Other servers' transactions.", () =>
    samples('outcome', transactions),
  );
  gauge(
    'federation_pending_transactions',
    'Transactions that are answered and not worked off.',
    (counts) => counts.transactions,
  );
  gauge('federation_pending_pdus', 'Events that are answered and not judged.', (counts) => counts.pdus);
  gauge('federation_queued_pdus', 'Events that wait for their turn.', (counts) => counts.queuedPdus);
  gauge('federation_queued_rooms', 'Rooms with events that are being judged.', (counts) => counts.queuedRooms);
  gauge('federation_waiting_pdus', 'Events that wait for missing ones.', (counts) => counts.waitingPdus);
  gauge(
    'federation_pending_oldest_seconds',
    'Age of the oldest transaction that is not worked off.',
    (counts) => counts.oldestAgeMs / 1000,
  );
};
