import { createPublicKey, verify as verifyByOpenssl } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { keyPairFromSeed, verify } from './ed25519.ts';
import { verifyOnThread } from './verifying-thread.ts';

const pair = keyPairFromSeed(Buffer.alloc(32, 7));
const message = Buffer.from('odd');
const hex = (text: string): Buffer => Buffer.from(text, 'hex');

/** RFC 8032, 7.1, "TEST 3". */
const rfc = {
  seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
  publicKey: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
  message: 'af82',
  signature:
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
};

test('keys and signatures of the RFC', () => {
  const { publicKey, sign } = keyPairFromSeed(hex(rfc.seed));
  expect(Buffer.from(publicKey).toString('hex')).toBe(rfc.publicKey);
  expect(Buffer.from(sign(hex(rfc.message))).toString('hex')).toBe(rfc.signature);
  expect(verify(hex(rfc.message), hex(rfc.signature), hex(rfc.publicKey))).toBe(true);
});

test('a part of a larger array', () => {
  const within = Buffer.concat([Buffer.alloc(3), pair.sign(message), pair.publicKey]);
  const { buffer, byteOffset } = within;
  const signature = new Uint8Array(buffer, byteOffset + 3, 64);
  expect(verify(message, signature, new Uint8Array(buffer, byteOffset + 67, 32))).toBe(true);
  signature[0]! ^= 1;
  expect(verify(message, signature, pair.publicKey)).toBe(false);
});

test.each([
  [63, 32],
  [65, 32],
  [0, 32],
  [64, 31],
  [64, 33],
  [64, 0],
])('a signature of %i bytes and a key of %i', (signatureBytes, keyBytes) => {
  const signature = Buffer.concat([pair.sign(message), Buffer.alloc(1)]).subarray(0, signatureBytes);
  const key = Buffer.concat([pair.publicKey, Buffer.alloc(1)]).subarray(0, keyBytes);
  expect(verify(message, signature, key)).toBe(false);
});

const key = 'ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c';
/** The first half of signatures, a point, and the second half by which it fits to a key of order 1. */
const point = '7767a3242dc9b58bbc68488c1265cc6cc5f26c6f3c88a5d55e901b0734dca572';
const logarithm = 'd20a1feb8ca954ab000000000000000000000000000000000000000000000000';
const identity = '0100000000000000000000000000000000000000000000000000000000000000';

const odd: [string, string, string][] = [
  [
    'a second half beyond the order of the group',
    key,
    `${point}f0f0306814ebea824573a554602ae1d1e2098d7baae20c91a94b6e32155a811a`,
  ],
  ['a first half of order 1', key, `${identity}e5498e2c93991534eb37b132732e86b3cf936ce34fc44e1a67b1387dae29a607`],
  [
    'a first half of order 1 in bytes that are not canonical',
    key,
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7fc9b9b51778fd5b94997583c99dfc10bd46087071b923a802759974d3d6de1b09',
  ],
  [
    'a first half with a part of order 8',
    key,
    '6a84d583f06569edb3f5ed77df65544b27d6948b4f0b2cb76f33dd8413b20719cd0ca0e82669a13c37dc69c691bf01bced49e55a5afde0c95b56e5d515b7220f',
  ],
  ['a key of order 1', identity, point + logarithm],
  ['a key of order 1, and nothing else', identity, identity + '00'.repeat(32)],
  ['a key of order 1 with a sign', `${identity.slice(0, -2)}80`, point + logarithm],
  [
    'a key of order 1 in bytes that are not canonical',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    point + logarithm,
  ],
  ['a key of order 8', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a', point + logarithm],
  [
    'a key with a part of order 8',
    '1f4f580e73ac208f06760190e9edc6f5916775dabd9c1cdca393175c2d6d1083',
    `${point}250b2f73a0c3de046c3f0d3e1ef67680c3fd4bdc794d6e0163e50f5191c9b10e`,
  ],
];

const opensslKey = (bytes: Buffer) =>
  createPublicKey({
    key: Buffer.concat([hex('302a300506032b6570032100'), bytes]),
    format: 'der',
    type: 'spki',
  });

describe('signatures that their makers chose so that libraries may differ', () => {
  test('the point and the key are good where nothing is odd', () => {
    const signature = hex(`${point}031d3b0bfa87d82a6fd6adb1813002bde2098d7baae20c91a94b6e32155a810a`);
    expect(verify(message, signature, hex(key))).toBe(true);
    expect(Buffer.from(pair.publicKey).toString('hex')).toBe(key);
  });

  test.each(odd)('%s: refused, as by OpenSSL', (_what, publicKey, signature) => {
    expect(verify(message, hex(signature), hex(publicKey))).toBe(false);
    expect(verifyByOpenssl(null, message, opensslKey(hex(publicKey)), hex(signature))).toBe(false);
  });
});

describe('on the thread', () => {
  const signed = (text: string, said = text) => ({
    text,
    signature: pair.sign(Buffer.from(said)),
    publicKey: pair.publicKey,
  });

  test('one verdict for each, in their order', async () => {
    expect(await verifyOnThread([signed('a'), signed('b', 'c'), signed('é😀'), signed('')])).toEqual([
      true,
      false,
      true,
      true,
    ]);
    expect(await verifyOnThread([])).toEqual([]);
  });

  test('many at once', async () => {
    const texts = Array.from({ length: 20 }, (_, at) => `text ${at}`);
    const verdicts = await Promise.all(texts.map((text, at) => verifyOnThread([signed(text, at % 2 ? text : '')])));
    expect(verdicts.flat()).toEqual(texts.map((_, at) => at % 2 === 1));
  });

  test('more than one thread has at once', async () => {
    const texts = Array.from({ length: 300 }, (_, at) => `text ${at}`);
    const ask = () => verifyOnThread(texts.map((text, at) => signed(text, at % 3 ? text : '')));
    const verdicts = await Promise.all([ask(), ask(), ask(), ask()]);
    for (const one of verdicts) expect(one).toEqual(texts.map((_, at) => at % 3 !== 0));
  });

  test('a thread that died fails its checks and is followed by another', async () => {
    const none = { ...signed('a'), text: undefined as unknown as string };
    await expect(verifyOnThread([none])).rejects.toThrow('The thread that checks signatures stopped.');
    expect(await verifyOnThread([signed('a')])).toEqual([true]);
  });
});
