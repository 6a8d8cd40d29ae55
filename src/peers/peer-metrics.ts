// What the metrics tell of other servers.

import type { Metrics, Sample } from '../lib/metrics.ts';
import type { createCalls } from './calls/call.ts';
import type { createVerifier } from './calls/verify-request.ts';
import type { Destinations } from './destinations/destinations.ts';
import type { KeyRing } from './keys/key-ring.ts';
import type { KnownKeys } from './keys/known-keys.ts';

export interface Counted {
  readonly destinations: Destinations;
  readonly calls: ReturnType<typeof createCalls>;
  readonly verifier: ReturnType<typeof createVerifier>;
  readonly ring: KeyRing;
  readonly known: KnownKeys;
}

const samples = (label: string, counts: Iterable<readonly [string, number]>): Sample[] =>
  [...counts].map(([name, value]) => ({ labels: { [label]: name }, value }));

export function registerPeerMetrics(metrics: Metrics, { destinations, calls, verifier, ring, known }: Counted): void {
  metrics.collected('gauge', 'federation_destinations', 'Other servers that cannot be reached, by state.', () =>
    samples('state', Object.entries(destinations.counts())),
  );
  metrics.collected(
    'counter',
    'federation_calls_total',
    'Calls of other servers, by the stage at which they ended.',
    () => samples('outcome', calls.counts()),
  );
  metrics.collected(
    'counter',
    'federation_signed_requests_total',
    'Requests of other servers, by their signature.',
    () => samples('signature', Object.entries(verifier.counts())),
  );
  metrics.collected('counter', 'federation_key_fetches_total', 'Fetches of signing keys, by their way.', () =>
    samples('way', Object.entries(ring.counts())),
  );
  metrics.collected(
    'counter',
    'federation_keys_refused_total',
    'Signing keys refused because another is known under their id. Anything but 0 wants an answer from their operator.',
    () => [{ labels: {}, value: known.refusedCount() }],
  );
}
