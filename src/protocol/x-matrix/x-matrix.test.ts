import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../canonical-json/canonical-json.ts';
import type { JsonObject } from '../events/json.ts';
import { parseServerName } from '../ids/server-name.ts';
import { signingKeyFromSeed } from '../signing/signing-key.ts';
import { parseAuthParams } from './auth-params.ts';
import { parseXMatrix, xMatrixCredentials } from './credentials.ts';
import { type SignedRequest, signRequest, verifyRequest } from './sign-request.ts';

const read = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../tests/vectors/data/${name}.json`, import.meta.url), 'utf8'));

interface SignedObject {
  method: string;
  uri: string;
  origin: string;
  destination: string;
  content?: JsonObject;
}
const file: {
  vectors: { signed_object: SignedObject; authorization: string }[];
  must_parse: { header: string; why: string }[];
  must_reject: { header: string; status: number }[];
} = read('x-matrix');
const key = signingKeyFromSeed('ed25519:1', read('signing').signing_key_seed_base64);
const unauthorized = expect.objectContaining({ status: 401, errcode: 'M_UNAUTHORIZED' });
const us = parseServerName('dest.example:8448');

const requestOf = ({ method, uri, origin, destination, content }: SignedObject): SignedRequest => ({
  method,
  uri,
  origin: parseServerName(origin),
  destination: parseServerName(destination),
  contentJson: content === undefined ? undefined : canonicalJson(content),
});

describe('signing', () => {
  test.each(file.vectors)('$signed_object.method $signed_object.uri', async ({ signed_object, authorization }) => {
    const request = requestOf(signed_object);
    expect(signRequest(request, key)).toBe(authorization);
    const [credentials] = xMatrixCredentials([authorization], us);
    expect(credentials).toMatchObject({ origin: 'domain', destination: us, keyId: 'ed25519:1' });
    expect(await verifyRequest(request, credentials!, key.publicKey)).toBe(true);
    for (const change of [{ uri: '/' }, { method: 'POST' }, { contentJson: '{}' }, { origin: us }]) {
      expect(await verifyRequest({ ...request, ...change }, credentials!, key.publicKey)).toBe(false);
    }
  });
});

describe('reading', () => {
  test.each(file.must_parse)('$why', ({ header }) => {
    const { origin, keyId, signature } = parseXMatrix(header);
    expect([origin.replace(':8448', ''), keyId, signature]).toEqual(['domain', 'ed25519:1', 'AA']);
  });

  test.each(file.must_reject)('$header', ({ header, status }) => {
    expect(() => xMatrixCredentials([header], us)).toThrow(expect.objectContaining({ status }));
  });

  test('no destination is borne', () => {
    const [credentials] = xMatrixCredentials(['X-Matrix origin=domain:8448,key=ed25519:1,sig=AA'], us);
    expect(credentials).toEqual({
      origin: 'domain:8448',
      destination: undefined,
      keyId: 'ed25519:1',
      signature: 'AA',
    });
  });

  test('unquoted base64, an IPv6 literal, and the other name of sig', () => {
    expect(parseXMatrix('x-matrix origin=[::1]:8448,key=ed25519:1,signature=a+b/c==')).toMatchObject({
      origin: '[::1]:8448',
      signature: 'a+b/c==',
    });
  });

  test('several headers: all of one origin, other schemes passed over', () => {
    const one = 'X-Matrix origin=a,destination="dest.example:8448",key="ed25519:1",sig="AA"';
    const two = 'X-Matrix origin=a,destination="dest.example:8448",key="ed25519:2",sig="BB"';
    expect(xMatrixCredentials(['Bearer x', one, two], us).map(({ keyId }) => keyId)).toEqual([
      'ed25519:1',
      'ed25519:2',
    ]);
    expect(() => xMatrixCredentials([one, two.replace('origin=a', 'origin=b')], us)).toThrow(unauthorized);
    expect(() => xMatrixCredentials(Array(9).fill(one), us)).toThrow(unauthorized);
    expect(() => xMatrixCredentials(['Bearer x'], us)).toThrow(unauthorized);
    expect(() => xMatrixCredentials([], us)).toThrow(unauthorized);
  });

  test.each([
    'X-Matrix',
    'X-Matrix ',
    'X-Matrix origin',
    'X-Matrix origin=',
    'X-Matrix origin="a,key="ed25519:1",sig="AA"',
    'X-Matrix origin="a',
    'X-Matrix origin="a\\',
    'X-Matrix origin="a" key="ed25519:1",sig="AA"',
    'X-Matrix origin="a",key="ed25519:1"',
    'X-Matrix origin="a",sig="AA"',
    'X-Matrix key="ed25519:1",sig="AA"',
    'X-Matrix origin="a b",key="ed25519:1",sig="AA"',
    'X-Matrix origin="a",key="rsa:1",sig="AA"',
    'X-Matrix origin="a",ORIGIN="b",key="ed25519:1",sig="AA"',
    `X-Matrix origin="a",key="ed25519:1",sig="${'A'.repeat(5000)}"`,
  ])('malformed: %s', (header) => {
    expect(() => parseXMatrix(header)).toThrow(unauthorized);
  });

  test('any value comes back from its quoted form', () => {
    const text = fc.string();
    fc.assert(
      fc.property(text, text, (a, b) => {
        const quote = (value: string) => `"${value.replaceAll(/[\\"]/g, '\\$&')}"`;
        const params = parseAuthParams(` ,a = ${quote(a)}\t, B=${quote(b)},`);
        expect(params).toEqual(
          new Map([
            ['a', a],
            ['b', b],
          ]),
        );
      }),
    );
  });

  test('no header makes the parser throw anything else', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '=', '"', ',', '\\', ' ', '\t', ':', '[') }), (text) => {
        const params = parseAuthParams(text);
        for (const [name, value] of params ?? []) expect(text).toContain(value === '' ? name : value[0]);
      }),
    );
  });
});
