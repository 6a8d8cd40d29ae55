// Prometheus metrics. Parts count in plain numbers and are asked only when somebody scrapes.

import { Counter, collectDefaultMetrics, Gauge, Histogram, type Metric, Registry } from 'prom-client';

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** For histograms: the name with _bucket, _sum or _count. */
  readonly metricName?: string;
}

export interface Metrics {
  /** Made on first use of a name, then the same one. Names without the `kintsugi_` prefix, which is added. */
  counter<L extends string>(name: string, help: string, labelNames?: readonly L[]): Counter<L>;
  gauge<L extends string>(name: string, help: string, labelNames?: readonly L[]): Gauge<L>;
  histogram<L extends string>(
    name: string,
    help: string,
    bucketsSeconds: readonly number[],
    labelNames?: readonly L[],
  ): Histogram<L>;
  /** A metric whose samples are read from its owner's own numbers at the time of the scrape. */
  collected(type: 'counter' | 'gauge' | 'histogram', name: string, help: string, read: () => readonly Sample[]): void;
  /** The Prometheus text exposition. */
  render(): Promise<string>;
  readonly contentType: string;
}

const prefix = 'kintsugi_';

export function createMetrics(): Metrics {
  const registry = new Registry();
  const known = new Map<string, unknown>();
  let hasDefaults = false;
  const once = <M>(name: string, make: () => M): M => {
    const existing = known.get(name) as M | undefined;
    if (existing) return existing;
    const made = make();
    known.set(name, made);
    return made;
  };
  return {
    counter: (name, help, labelNames = []) =>
      once(name, () => new Counter({ name: prefix + name, help, labelNames: [...labelNames], registers: [registry] })),
    gauge: (name, help, labelNames = []) =>
      once(name, () => new Gauge({ name: prefix + name, help, labelNames: [...labelNames], registers: [registry] })),
    histogram: (name, help, bucketsSeconds, labelNames = []) =>
      once(
        name,
        () =>
          new Histogram({
            name: prefix + name,
            help,
            labelNames: [...labelNames],
            buckets: [...bucketsSeconds],
            registers: [registry],
          }),
      ),
    collected(type, name, help, read) {
      const full = prefix + name;
      const metric = {
        name: full,
        help,
        type,
        aggregator: 'sum',
        get: () => ({ name: full, help, type, values: read() }),
      };
      // prom-client asks nothing of a metric but `name` and `get`.
      registry.registerMetric(metric as unknown as Metric);
    },
    render() {
      // The process's own metrics hook garbage collection: nobody pays for that unless somebody scrapes.
      if (!hasDefaults) collectDefaultMetrics({ register: registry });
      hasDefaults = true;
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
}
