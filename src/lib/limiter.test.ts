import { expect, test } from 'vitest';
import { createLimiter } from './limiter.ts';
import { manualClock } from './manual-clock.ts';

test('burst at once, then the rate', async () => {
  const clock = manualClock();
  const limiter = createLimiter({ perSecond: 2, burst: 3 }, clock);
  expect([1, 2, 3].map(() => limiter.take('k'))).toEqual([0, 0, 0]);
  expect(limiter.take('k')).toBe(500);
  expect(limiter.take('other')).toBe(0);
  await clock.advance(499);
  expect(limiter.take('k')).toBe(1);
  await clock.advance(1);
  expect(limiter.take('k')).toBe(0);
  await clock.advance(60_000);
  expect(limiter.take('k', 3)).toBe(0);
  expect(limiter.take('k')).toBe(500);
});

test('the number of keys is bounded and the busiest stay', () => {
  const limiter = createLimiter({ perSecond: 1, burst: 1 }, manualClock(), 10);
  limiter.take('busy');
  for (let i = 0; i < 100; i++) {
    limiter.take(`k${i}`);
    expect(limiter.take('busy')).toBeGreaterThan(0);
  }
  expect(limiter.size).toBe(10);
});

test('a rate of zero never refills', () => {
  const limiter = createLimiter({ perSecond: 0, burst: 1 }, manualClock());
  expect(limiter.take('k')).toBe(0);
  expect(limiter.take('k')).toBe(3_600_000);
});
