// Prometheus metrics. Parts count in plain numbers and are asked only when somebody scrapes.

import type { Metric, Registry } from 'prom-client';
import { assert } from './assert.ts';

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** For histograms: the name with _bucket, _sum or _count. */
  readonly metricName?: string;
}

export interface Metrics {
  /** A metric whose samples are read from its owner's own numbers at the time of the scrape. */
  collected(type: 'counter' | 'gauge' | 'histogram', name: string, help: string, read: () => readonly Sample[]): void;
  /** The Prometheus text exposition. */
  render(): Promise<string>;
  readonly contentType: string;
}

const prefix = 'kintsugi_';

const contentType = 'text/plain; version=0.0.4; charset=utf-8';

export function createMetrics(): Metrics {
  const collected: object[] = [];
  let registry: Promise<Registry> | undefined;
  /** Loaded for the first scrape: nobody else pays for it, nor for the process's own metrics, which hook garbage collection. */
  const makeRegistry = async (): Promise<Registry> => {
    const client = await import('prom-client');
    const made = new client.Registry();
    client.collectDefaultMetrics({ register: made });
    // prom-client asks nothing of a metric but `name` and `get`.
    for (const metric of collected) made.registerMetric(metric as Metric);
    return made;
  };
  return {
    collected(type, name, help, read) {
      assert(!registry, `the metric ${name} comes after the first scrape`);
      const full = prefix + name;
      const get = () => ({ name: full, help, type, values: read() });
      collected.push({ name: full, help, type, aggregator: 'sum', get });
    },
    async render() {
      registry ??= makeRegistry();
      return (await registry).metrics();
    },
    contentType,
  };
}
