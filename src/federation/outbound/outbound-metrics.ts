// What the metrics tell of transactions to other servers.

import type { Clock } from '../../lib/clock.ts';
import type { Metrics, Sample } from '../../lib/metrics.ts';
import type { Sender } from './sender.ts';

const one = (value: number): Sample[] => [{ labels: {}, value }];

export function registerOutboundMetrics(metrics: Metrics, sender: Pick<Sender, 'counts'>, clock: Clock): void {
  metrics.collected(
    'gauge',
    'federation_outbound_destinations',
    'Other servers with something to be sent, by state.',
    () => {
      const { running, queued, parked } = sender.counts();
      const states = { sending: running, queued, 'left-alone': parked };
      return Object.entries(states).map(([state, value]) => ({ labels: { state }, value }));
    },
  );
  metrics.collected('gauge', 'federation_outbound_behind', 'Other servers that have not got everything yet.', () =>
    one(sender.counts().behind),
  );
  metrics.collected(
    'gauge',
    'federation_outbound_oldest_seconds',
    'For how long the other server that waits longest has been behind.',
    () => one((clock.now() - sender.counts().sinceTs) / 1000),
  );
  metrics.collected('counter', 'federation_transactions_total', 'Transactions sent, by what became of them.', () =>
    Object.entries(sender.counts().outcomes).map(([outcome, value]) => ({ labels: { outcome }, value })),
  );
  metrics.collected('counter', 'federation_pdus_sent_total', 'Events delivered to other servers, once for each.', () =>
    one(sender.counts().pdus),
  );
  metrics.collected('counter', 'federation_edus_sent_total', 'EDUs delivered to other servers, once for each.', () =>
    one(sender.counts().edus),
  );
  metrics.collected(
    'counter',
    'federation_outbound_dropped_total',
    'Servers that said they are gone, and for which nothing is kept any more.',
    () => one(sender.counts().dropped),
  );
  metrics.collected('counter', 'federation_pdus_refused_total', 'Delivered events that other servers refused.', () =>
    one(sender.counts().refusedPdus),
  );
}
