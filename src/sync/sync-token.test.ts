// Tokens of /sync: read back as they were written, and taken from nobody else.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseSyncToken, syncTokenText } from './sync-token.ts';

const number = fc.nat(Number.MAX_SAFE_INTEGER).map((n) => n % 1e15);

test('come back as they were given out', () => {
  fc.assert(
    fc.property(number, number, number, (position, ephemeral, toDevice) => {
      const token = { position, ephemeral, toDevice };
      expect(parseSyncToken(syncTokenText(token))).toEqual(token);
    }),
  );
});

test('have no third number when messages to devices keep up, and may be those of a timeline', () => {
  expect(syncTokenText({ position: 5, ephemeral: 7, toDevice: 5 })).toBe('s5_7');
  expect(parseSyncToken('s5')).toEqual({ position: 5, ephemeral: 0, toDevice: 5 });
});

test.each(['', 's', '5', 's-5', 's5_', 's5_6_7_8', 't5', 's5.0', `s${'9'.repeat(16)}`])('%j is refused', (text) => {
  expect(() => parseSyncToken(text)).toThrow(expect.objectContaining({ status: 400, errcode: 'M_INVALID_PARAM' }));
});
