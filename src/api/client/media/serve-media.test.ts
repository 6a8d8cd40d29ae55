import { expect, test } from 'vitest';
import { rangeOf } from './serve-media.ts';

test.each([
  ['bytes=0-0', { start: 0, end: 0 }],
  ['bytes=5-', { start: 5, end: 9 }],
  ['bytes=5-100', { start: 5, end: 9 }],
  ['bytes=-3', { start: 7, end: 9 }],
  ['bytes=-100', { start: 0, end: 9 }],
  ['bytes=-0', 'none'],
  ['bytes=10-', 'none'],
  ['bytes=5-2', undefined],
  ['bytes=-', undefined],
  ['bytes=0-1,4-5', undefined],
  ['lines=0-1', undefined],
  [undefined, undefined],
])('the range %s of ten bytes', (range, expected) => {
  expect(rangeOf({ range }, 10, '"e"')).toEqual(expected);
});

test('a range counts only for the content that If-Range names', () => {
  const range = 'bytes=0-1';
  expect(rangeOf({ range, 'if-range': '"e"' }, 10, '"e"')).toEqual({ start: 0, end: 1 });
  expect(rangeOf({ range, 'if-range': '"other"' }, 10, '"e"')).toBeUndefined();
  expect(rangeOf({ range }, 0, '"e"')).toBe('none');
});
