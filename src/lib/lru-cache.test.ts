import { expect, test } from 'vitest';
import { LruCache } from './lru-cache.ts';

test('the least recently used entry falls out', () => {
  const cache = new LruCache<string, number>(2);
  cache.set('a', 1);
  cache.set('b', 2);
  expect(cache.get('a')).toBe(1);
  cache.set('c', 3);
  expect([...cache.entries()]).toEqual([
    ['a', 1],
    ['c', 3],
  ]);
  expect(cache.peek('a')).toBe(1);
  cache.set('d', 4);
  expect(cache.has('a')).toBe(false);
});

test('replacing an entry does not push another out', () => {
  const cache = new LruCache<string, number>(2);
  cache.set('a', 1);
  cache.set('b', 2);
  cache.set('a', 3);
  expect(cache.size).toBe(2);
  expect(cache.get('b')).toBe(2);
  expect(cache.delete('a')).toBe(true);
  expect(cache.get('a')).toBeUndefined();
  cache.clear();
  expect(cache.size).toBe(0);
});
