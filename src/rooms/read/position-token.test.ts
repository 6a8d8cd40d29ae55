import { expect, test } from 'vitest';
import { optionalPosition, parsePositionToken, positionToken } from './position-token.ts';

test('tokens of timelines and of /sync name a position', () => {
  for (const position of [0, 1, 42, -7, 999_999_999_999_999]) {
    expect(parsePositionToken(positionToken(position))).toBe(position);
  }
  expect(parsePositionToken('s12_345')).toBe(12);
  expect(optionalPosition('s3', 'to')).toBe(3);
  expect(optionalPosition(undefined, 'to')).toBeUndefined();
  expect(optionalPosition('', 'to')).toBeUndefined();
});

test.each(['', '12', 's', 's1.5', 'sx', 't12', 's1_', 's9999999999999999', ' s1'])('%j is no token', (token) => {
  expect(() => parsePositionToken(token)).toThrow('from is not a token of this server');
});
