import { expect, test } from 'vitest';
import { median, percentile, seededRandom } from './statistics.ts';

test('percentiles are by nearest rank, whatever the order', () => {
  const values = [5, 1, 4, 2, 3, 10, 6, 9, 7, 8];
  expect([0.5, 0.9, 0.99, 1].map((share) => percentile(values, share))).toEqual([5, 9, 10, 10]);
  expect(percentile([], 0.5)).toBeNaN();
});

test('the median of an even number of values lies between the middle two', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([9, 1, 5])).toBe(5);
});

test('random numbers are those of their seed and spread evenly', () => {
  const first = seededRandom(7);
  const again = seededRandom(7);
  const numbers = Array.from({ length: 10_000 }, first);
  expect(numbers.slice(0, 5)).toEqual(Array.from({ length: 5 }, again));
  expect(numbers.reduce((sum, value) => sum + value, 0) / numbers.length).toBeCloseTo(0.5, 1);
});
