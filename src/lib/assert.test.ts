import { expect, test } from 'vitest';
import { AssertionError, assert, present, unreachable } from './assert.ts';
import { deferred } from './deferred.ts';

test('assertions throw only when broken', () => {
  assert(true, 'fine');
  expect(() => assert(0, 'zero')).toThrow(AssertionError);
  expect(present(0, 'there')).toBe(0);
  expect(() => present(undefined, 'gone')).toThrow('gone');
  expect(() => unreachable('x' as never)).toThrow('unreachable: x');
});

test('a deferred is settled from outside', async () => {
  const first = deferred<number>();
  first.resolve(3);
  expect(await first.promise).toBe(3);
  const second = deferred();
  second.reject(new Error('no'));
  await expect(second.promise).rejects.toThrow('no');
});
