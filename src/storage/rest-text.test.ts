import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson } from '../protocol/canonical-json/canonical-json.ts';
import { packRest, unpackRest } from './rest-text.ts';

const id = `$${'x'.repeat(43)}`;
const signatures = { 'example.org': { 'ed25519:abc': 'S'.repeat(86) }, other: { 'ed25519:1': 'T', 'ed25519:2': 'U' } };
const usual = { auth_events: [id, id, id], hashes: { sha256: 'h'.repeat(43) }, prev_events: [id], signatures };

test('a usual rest is much shorter in the database', () => {
  const rest = canonicalJson(usual);
  const packed = packRest(rest);
  expect(packed.length).toBeLessThan(rest.length - 90);
  expect(unpackRest(packed)).toBe(rest);
});

test.each([
  {},
  { ...usual, auth_events: [], prev_events: [] },
  // Room versions 1 and 2.
  { ...usual, auth_events: [['$a:b', { sha256: 'h' }]], prev_events: [['$a:b', { sha256: 'h' }]] },
  { ...usual, redacts: '$x', 'odd\u0001\u0008"key': '{"auth_events":["$' },
])('any rest comes back as it was', (rest) => {
  const text = canonicalJson(rest);
  expect(unpackRest(packRest(text))).toBe(text);
});

test('texts of all kinds come back as they were', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), (value) => {
      const text = JSON.stringify(value);
      expect(unpackRest(packRest(text))).toBe(text);
    }),
  );
});
