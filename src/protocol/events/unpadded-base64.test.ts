import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeBase64, decodeBase64Url, unpaddedBase64, unpaddedBase64Url } from './unpadded-base64.ts';

const file: { vectors: { input: string; output: string }[] } = JSON.parse(
  readFileSync(new URL('../../../tests/vectors/data/unpadded-base64.json', import.meta.url), 'utf8'),
);

test.each(file.vectors)('"$input" is $output', ({ input, output }) => {
  expect(unpaddedBase64(Buffer.from(input))).toBe(output);
  expect(decodeBase64(output)?.toString()).toBe(input);
});

test('bytes come back, with padding and without', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const buffer = Buffer.from(bytes);
      expect(decodeBase64(unpaddedBase64(bytes))).toEqual(buffer);
      expect(decodeBase64(buffer.toString('base64'))).toEqual(buffer);
      expect(decodeBase64Url(unpaddedBase64Url(bytes))).toEqual(buffer);
    }),
  );
});

test.each(['A', 'AAAAA', 'AA=A', 'A=', 'AAA==', '=', '==', 'AA*A', 'AA A', 'AA-_', 'é'])('%j is no base64', (text) => {
  expect(decodeBase64(text)).toBeUndefined();
});

test('the alphabets are not mixed', () => {
  expect(decodeBase64Url('-_-_')).toEqual(decodeBase64('+/+/'));
  expect(decodeBase64Url('+/+/')).toBeUndefined();
});
