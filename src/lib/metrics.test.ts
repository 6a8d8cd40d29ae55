import { expect, test } from 'vitest';
import { createMetrics } from './metrics.ts';

test('samples are read at the time of the scrape', async () => {
  const metrics = createMetrics();
  let own = 1;
  metrics.collected('counter', 'own_total', 'Own.', () => [{ labels: { route: '/x' }, value: own }]);
  metrics.collected('histogram', 'wait_seconds', 'Wait.', () => [
    { labels: { le: '1' }, value: own, metricName: 'kintsugi_wait_seconds_bucket' },
  ]);
  own = 42;
  expect(await metrics.render()).toContain('kintsugi_own_total{route="/x"} 42');
  own = 43;
  const text = await metrics.render();
  expect(text).toContain('kintsugi_own_total{route="/x"} 43');
  expect(text).toContain('kintsugi_wait_seconds_bucket{le="1"} 43');
  expect(text).toContain('process_cpu_seconds_total');
  expect(metrics.contentType).toContain('text/plain');
  expect(() => metrics.collected('gauge', 'late', 'Late.', () => [])).toThrow('late');
});
