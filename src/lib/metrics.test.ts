import { expect, test } from 'vitest';
import { createMetrics } from './metrics.ts';

test('counters, gauges, histograms and collected samples are rendered', async () => {
  const metrics = createMetrics();
  metrics.counter('things_total', 'Things.', ['kind']).inc({ kind: 'a' }, 2);
  metrics.counter('things_total', 'Things.', ['kind']).inc({ kind: 'a' });
  metrics.gauge('level', 'Level.').set(7);
  metrics.histogram('wait_seconds', 'Wait.', [0.1, 1]).observe(0.5);
  let own = 1;
  metrics.collected('counter', 'own_total', 'Own.', () => [{ labels: { route: '/x' }, value: own }]);
  own = 42;
  const text = await metrics.render();
  expect(text).toContain('kintsugi_things_total{kind="a"} 3');
  expect(text).toContain('kintsugi_level 7');
  expect(text).toContain('kintsugi_wait_seconds_bucket{le="1"} 1');
  expect(text).toContain('kintsugi_own_total{route="/x"} 42');
  expect(text).toContain('process_cpu_seconds_total');
  expect(metrics.contentType).toContain('text/plain');
});
