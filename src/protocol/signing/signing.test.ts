import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../events/json.ts';
import { roomVersions } from '../room-versions/room-versions.ts';
import { addEventSignature, signEvent, verifyEventSignature, verifyEventSignatureAsync } from './sign-event.ts';
import { signJson, verifyJson, verifyJsonAsync } from './sign-json.ts';
import { signaturesOf } from './signatures.ts';
import { signingKeyFromSeed } from './signing-key.ts';
import { verifyText } from './verify-text.ts';

interface Pair {
  input: JsonObject;
  signed: JsonObject;
}
const file: {
  signing_key_seed_base64: string;
  public_key_base64_derived: string;
  server_name: string;
  key_id: string;
  json_signing: Pair[];
  event_signing: Pair[];
} = JSON.parse(readFileSync(new URL('../../../tests/vectors/data/signing.json', import.meta.url), 'utf8'));

const key = signingKeyFromSeed(file.key_id, file.signing_key_seed_base64);
const signer = { name: file.server_name, key };
const { publicKey, keyId } = key;

test('the public key is derived from the seed', () => {
  expect(publicKey).toBe(file.public_key_base64_derived);
  expect(signingKeyFromSeed(keyId, `${file.signing_key_seed_base64}=`).publicKey).toBe(publicKey);
});

test.each([
  ['ed25519:1', 'AAAA'],
  ['ed25519:1', 'not base64!'],
  ['ed25519:a b', file.signing_key_seed_base64],
  ['curve25519:1', file.signing_key_seed_base64],
])('no key of %s from %s', (id, seed) => {
  expect(() => signingKeyFromSeed(id, seed)).toThrow(expect.objectContaining({ errcode: 'M_INVALID_PARAM' }));
});

describe('JSON', () => {
  test.each(file.json_signing)('vector %#', async ({ input, signed }) => {
    expect(signJson(input, signer)).toEqual(signed);
    expect(verifyJson(signed, signer.name, keyId, publicKey)).toBe(true);
    expect(await verifyJsonAsync(signed, signer.name, keyId, publicKey)).toBe(true);
    expect(verifyJson({ ...signed, unsigned: { age: 1 } }, signer.name, keyId, publicKey)).toBe(true);
    expect(verifyJson({ ...signed, three: 3 }, signer.name, keyId, publicKey)).toBe(false);
    expect(await verifyJsonAsync({ ...signed, three: 3 }, signer.name, keyId, publicKey)).toBe(false);
  });

  test('other signatures and unsigned stay', () => {
    const value = {
      a: 1,
      unsigned: { b: 2 },
      signatures: { other: { 'ed25519:x': 'AA' }, domain: { 'ed25519:0': 'BB' } },
    };
    const signed = signJson(value, signer);
    expect(signed).toMatchObject(value);
    expect(verifyJson(signed, signer.name, keyId, publicKey)).toBe(true);
  });

  test.each([
    ['another name', { one: 1 }, 'other', keyId, publicKey],
    ['another key id', { one: 1 }, 'domain', 'ed25519:2', publicKey],
    ['another key', { one: 1 }, 'domain', keyId, 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
    ['no key', { one: 1 }, 'domain', keyId, 'AAAA'],
    ['a key that is not base64', { one: 1 }, 'domain', keyId, '*'.repeat(43)],
  ])('%s: not verified', async (_why, value, name, id, verifyKey) => {
    const signed = signJson(value, signer);
    expect(verifyJson(signed, name, id, verifyKey)).toBe(false);
    expect(await verifyJsonAsync(signed, name, id, verifyKey)).toBe(false);
  });

  test.each([
    [{}],
    [{ signatures: null }],
    [{ signatures: [] }],
    [{ signatures: 'x' }],
    [{ signatures: { domain: null } }],
    [{ signatures: { domain: { 'ed25519:1': 5 } } }],
    [{ signatures: { domain: { 'ed25519:1': 'AA' } } }],
    [{ signatures: { domain: { 'ed25519:1': '*'.repeat(86) } } }],
  ])('%j: not verified', (value) => {
    expect(verifyJson(value as JsonObject, 'domain', keyId, publicKey)).toBe(false);
  });

  test('algorithms that are not understood are left out', () => {
    const value = { signatures: { a: { 'ed25519:1': 'AA', 'rsa:1': 'BB' } } };
    expect([...signaturesOf(value, 'a')]).toEqual([['ed25519:1', 'AA']]);
    expect(signaturesOf(value, '__proto__').size).toBe(0);
  });
});

describe('events', () => {
  const version = roomVersions[5];
  test.each(file.event_signing)('vector %#', async ({ input, signed }) => {
    expect(signEvent(input, version, signer)).toEqual(signed);
    expect(verifyEventSignature(signed, version, signer.name, keyId, publicKey)).toBe(true);
    expect(await verifyEventSignatureAsync(signed, version, signer.name, keyId, publicKey)).toBe(true);
  });

  test('the signature covers the redacted event only, and another server may add its own', () => {
    const signed = signEvent(file.event_signing[1]!.input, version, signer);
    expect(verifyEventSignature({ ...signed, content: {} }, version, 'domain', keyId, publicKey)).toBe(true);
    expect(verifyEventSignature({ ...signed, sender: '@v:domain' }, version, 'domain', keyId, publicKey)).toBe(false);
    const twice = addEventSignature(signed, version, { name: 'other', key });
    expect(verifyEventSignature(twice, version, 'other', keyId, publicKey)).toBe(true);
    expect(verifyEventSignature(twice, version, 'domain', keyId, publicKey)).toBe(true);
    expect(twice.hashes).toEqual(signed.hashes);
  });
});

test('a signature of another text is wrong', () => {
  const signature = Buffer.from(key.sign(Buffer.from('é'))).toString('base64');
  expect(verifyText('é', signature, publicKey)).toBe(true);
  expect(verifyText('e', signature, publicKey)).toBe(false);
});
