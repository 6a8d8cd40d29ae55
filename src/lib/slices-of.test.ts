import { expect, test } from 'vitest';
import { slicesOf } from './slices-of.ts';

test('a list comes some at a time, in its order', () => {
  expect([...slicesOf([1, 2, 3, 4, 5], 2)]).toEqual([[1, 2], [3, 4], [5]]);
  expect([...slicesOf([1, 2], 2)]).toEqual([[1, 2]]);
  expect([...slicesOf([], 2)]).toEqual([]);
  expect([...slicesOf(new Set([1, 2, 3]), 2)]).toEqual([[1, 2], [3]]);
  expect([...slicesOf(new Set([1, 2]), 2)]).toEqual([[1, 2]]);
  expect([...slicesOf(new Set(), 2)]).toEqual([]);
});
