// How many requests each route answered, how, and how long it took: counted in plain numbers, read at the scrape.

import type { Metrics, Sample } from '../../lib/metrics.ts';

const bucketsMs = [5, 25, 100, 250, 1000, 5000, 30_000];

export interface RouteCount {
  observe(status: number, durationMs: number): void;
}

export interface RequestMetrics {
  /** The counter of one route; call it once for each route. */
  route(route: string): RouteCount;
}

interface Numbers {
  readonly route: string;
  /** By status class: [0] unused, 1xx … 5xx. */
  readonly statuses: number[];
  readonly buckets: number[];
  sumMs: number;
  count: number;
}

const statusSamples = (all: readonly Numbers[]): Sample[] =>
  all.flatMap(({ route, statuses }) =>
    statuses.flatMap((value, index) => (value > 0 ? [{ labels: { route, status: `${index}xx` }, value }] : [])),
  );

const durationSamples = (all: readonly Numbers[]): Sample[] =>
  all.flatMap(({ route, buckets, sumMs, count }) => {
    if (count === 0) return [];
    const name = 'kintsugi_http_request_seconds';
    let below = 0;
    const samples: Sample[] = bucketsMs.map((bound, index) => {
      below += buckets[index] ?? 0;
      return { labels: { route, le: String(bound / 1000) }, value: below, metricName: `${name}_bucket` };
    });
    samples.push({ labels: { route, le: '+Inf' }, value: count, metricName: `${name}_bucket` });
    samples.push({ labels: { route }, value: sumMs / 1000, metricName: `${name}_sum` });
    samples.push({ labels: { route }, value: count, metricName: `${name}_count` });
    return samples;
  });

export function createRequestMetrics(metrics: Metrics): RequestMetrics {
  const all: Numbers[] = [];
  metrics.collected('counter', 'http_requests_total', 'Answered requests by route and status class.', () =>
    statusSamples(all),
  );
  metrics.collected('histogram', 'http_request_seconds', 'Time from request to answer, by route.', () =>
    durationSamples(all),
  );
  return {
    route(route) {
      const numbers: Numbers = {
        route,
        statuses: [0, 0, 0, 0, 0, 0],
        buckets: bucketsMs.map(() => 0),
        sumMs: 0,
        count: 0,
      };
      all.push(numbers);
      return {
        observe(status, durationMs) {
          const index = Math.min(Math.floor(status / 100), 5);
          numbers.statuses[index] = (numbers.statuses[index] ?? 0) + 1;
          const bucket = bucketsMs.findIndex((bound) => durationMs <= bound);
          if (bucket >= 0) numbers.buckets[bucket] = (numbers.buckets[bucket] ?? 0) + 1;
          numbers.sumMs += durationMs;
          numbers.count += 1;
        },
      };
    },
  };
}
