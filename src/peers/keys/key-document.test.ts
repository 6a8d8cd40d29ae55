import { describe, expect, test } from 'vitest';
import { keyDocument, testKey } from '../../../tests/harness/peer-server.ts';
import { manualClock } from '../../lib/manual-clock.ts';
import { RawNumber } from '../../protocol/canonical-json/raw-number.ts';
import type { Json, JsonObject } from '../../protocol/events/json.ts';
import { parseServerName } from '../../protocol/ids/server-name.ts';
import { signJson, verifyJson } from '../../protocol/signing/sign-json.ts';
import { verifyKeyDocument } from './key-document.ts';
import { createOwnKeys } from './own-keys.ts';
import { isGoodAt } from './verify-key.ts';

const name = parseServerName('a.test');
const one = testKey('ed25519:1');
const two = testKey('ed25519:2');
const old = { 'ed25519:0': { key: testKey('ed25519:0').publicKey, expired_ts: 5 } };
const good = keyDocument(name, { keys: [one, two], validUntilTs: 100, old });
const signed = (document: JsonObject): JsonObject => signJson(document, { name, key: one });
const unsigned = ({ signatures: _signatures, ...rest }: JsonObject): JsonObject => rest;
const why = async (value: Json): Promise<string> => {
  const verdict = await verifyKeyDocument(value, name);
  return verdict.ok ? 'good' : verdict.why;
};

describe('documents of others', () => {
  test('a good one', async () => {
    const verdict = await verifyKeyDocument(good, name);
    expect(verdict).toMatchObject({
      ok: true,
      document: {
        serverName: name,
        validUntilTs: 100,
        keys: [
          { keyId: 'ed25519:1', publicKey: one.publicKey, expiredTs: null },
          { keyId: 'ed25519:2', publicKey: two.publicKey, expiredTs: null },
          { keyId: 'ed25519:0', expiredTs: 5 },
        ],
      },
    });
    expect(verdict.ok && JSON.parse(verdict.document.text)).toEqual(good);
  });

  test('one signature of the current keys is enough, but none may be wrong', async () => {
    expect(await why(keyDocument(name, { keys: [one, two], validUntilTs: 1, signedWith: [two] }))).toBe('good');
    const forged = structuredClone(good) as { signatures: Record<string, Record<string, string>> };
    forged.signatures[name]!['ed25519:2'] = forged.signatures[name]!['ed25519:1']!;
    expect(await why(forged)).toBe('its signature is wrong');
    expect(await why({ ...good, valid_until_ts: 101 })).toBe('its signature is wrong');
    expect(await why(unsigned(good))).toBe('its signature is wrong');
    expect(await why(keyDocument(name, { keys: [one], validUntilTs: 1, signedWith: [two] }))).toBe(
      'its signature is wrong',
    );
  });

  test.each([
    ['an array', []],
    ['a number kept as text', new RawNumber('1.5') as unknown as Json],
    ['of another server', keyDocument('b.test', { keys: [one], validUntilTs: 1 })],
    ['without a time', signed({ server_name: name, verify_keys: { 'ed25519:1': { key: one.publicKey } } })],
    ['with a negative time', keyDocument(name, { keys: [one], validUntilTs: -1 })],
    ['without keys', signed({ server_name: name, valid_until_ts: 1, verify_keys: {} })],
    [
      'with a key that is none',
      signed({ server_name: name, valid_until_ts: 1, verify_keys: { 'ed25519:1': { key: 'AAAA' } } }),
    ],
    [
      'with too many keys',
      keyDocument(name, { keys: Array.from({ length: 51 }, (_, n) => testKey(`ed25519:${n}`)), validUntilTs: 1 }),
    ],
    ['without a canonical form', { ...good, x: new RawNumber('1.5') as unknown as Json }],
  ] as [string, Json][])('one %s is refused', async (_what, value) => {
    expect(await why(value)).not.toBe('good');
  });

  test('keys of other algorithms and old keys without a time are passed over', async () => {
    const keys = { 'ed25519:1': { key: one.publicKey }, 'rsa:1': { key: 'x' }, 'ed25519: x': { key: one.publicKey } };
    const odd = { 'ed25519:0': { key: one.publicKey }, 'ed25519:1': { key: two.publicKey, expired_ts: 1 } };
    const document = signed({ server_name: name, valid_until_ts: 1, verify_keys: keys, old_verify_keys: odd });
    const verdict = await verifyKeyDocument(document, name);
    expect(verdict).toMatchObject({ document: { keys: [{ keyId: 'ed25519:1', publicKey: one.publicKey }] } });
    expect(verdict.ok && verdict.document.keys).toHaveLength(1);
  });

  test('a key in use is good until its validity ends, an old one before it expired', () => {
    const key = { publicKey: 'x', validUntilTs: 10 };
    expect([10, 11].map((at) => isGoodAt({ ...key, expiredTs: null }, at))).toEqual([true, false]);
    expect([4, 5].map((at) => isGoodAt({ ...key, expiredTs: 5 }, at))).toEqual([true, false]);
  });
});

describe('our own document', () => {
  const clock = manualClock();
  const HOUR_MS = 3_600_000;
  const oldKeys = [
    { keyId: 'ed25519:0', publicKey: two.publicKey, expiredAt: 5 },
    { keyId: 'ed25519:1', publicKey: one.publicKey, expiredAt: 6 },
  ];
  const identity = { serverName: name, signingKey: one, oldKeys };
  const own = createOwnKeys({ identity, clock, keyValidityMs: 24 * HOUR_MS });

  test('holds the current and the old keys, signed, as canonical JSON', () => {
    const text = own.document();
    const value = JSON.parse(text) as JsonObject;
    expect(value).toMatchObject({
      server_name: name,
      verify_keys: { 'ed25519:1': { key: one.publicKey } },
      old_verify_keys: { 'ed25519:0': { key: two.publicKey, expired_ts: 5 } },
      valid_until_ts: clock.now() + 24 * HOUR_MS,
    });
    expect(Object.keys(value.old_verify_keys as JsonObject)).toEqual(['ed25519:0']);
    expect(verifyJson(value, name, one.keyId, one.publicKey)).toBe(true);
    // Some verify the text with the signatures cut out of it.
    expect(text.replace(/"signatures":\{.*?\}\},/, '')).toBe(JSON.stringify(unsigned(value)));
  });

  test('is made anew before it is stale, and never promises more than 7 days', async () => {
    const first = own.document();
    await clock.advance(60_000);
    expect(own.document()).toBe(first);
    await clock.advance(HOUR_MS);
    expect(JSON.parse(own.document()).valid_until_ts).toBe(clock.now() + 24 * HOUR_MS);
    const long = createOwnKeys({ identity, clock, keyValidityMs: 1000 * 24 * HOUR_MS });
    expect(JSON.parse(long.document()).valid_until_ts).toBe(clock.now() + 7 * 24 * HOUR_MS);
  });

  test('knows its keys by their ids', () => {
    expect(isGoodAt(own.key('ed25519:1')!, clock.now())).toBe(true);
    expect(isGoodAt(own.key('ed25519:0')!, 4)).toBe(true);
    expect(isGoodAt(own.key('ed25519:0')!, 5)).toBe(false);
    expect(own.key('ed25519:9')).toBeUndefined();
  });
});
