import { expect, test } from 'vitest';
import { turned } from './turned.ts';

test('a list begins further on, and goes round', () => {
  expect([0, 1, 3, 4, 8].map((by) => turned(['a', 'b', 'c'], by).join(''))).toEqual([
    'abc',
    'bca',
    'abc',
    'bca',
    'cab',
  ]);
  expect(turned([], 4)).toEqual([]);
});
