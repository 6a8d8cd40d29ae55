import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { manualClock } from '../lib/manual-clock.ts';
import { parseServerName } from '../protocol/ids/server-name.ts';
import { verifyText } from '../protocol/signing/verify-text.ts';
import { checkIdentity, loadIdentity } from './identity.ts';
import { keyIdOf } from './signing-key-file.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kintsugi-identity-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const name = parseServerName('example.org');
const load = () => loadIdentity(directory, name, manualClock(1000));
const keyFile = () => join(directory, 'signing.key');
const logFile = () => join(directory, 'signing-keys.log');

test('the key is made once, for its owner only, and stays', async () => {
  const first = await load();
  expect(first.signingKey.keyId).toMatch(/^ed25519:[A-Za-z0-9_]+$/);
  expect(first.signingKey.keyId).toBe(keyIdOf(first.signingKey.publicKey));
  expect(statSync(keyFile()).mode & 0o777).toBe(0o600);
  expect(JSON.parse(readFileSync(logFile(), 'utf8'))).toEqual({
    at: 1000,
    action: 'created',
    keyId: first.signingKey.keyId,
    publicKey: first.signingKey.publicKey,
  });
  const second = await load();
  expect(second.signingKey.publicKey).toBe(first.signingKey.publicKey);
  expect(readFileSync(logFile(), 'utf8').trim().split('\n')).toHaveLength(1);
  const signature = Buffer.from(second.signingKey.sign(Buffer.from('text')))
    .toString('base64')
    .replace(/=+$/, '');
  expect(verifyText('text', signature, first.signingKey.publicKey)).toBe(true);
});

test('starting twice at once leaves one key', async () => {
  const results = await Promise.allSettled(Array.from({ length: 5 }, load));
  const made = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value.signingKey.publicKey] : []));
  expect(made.length).toBeGreaterThan(0);
  const { signingKey } = await load();
  expect(new Set(made)).toEqual(new Set([signingKey.publicKey]));
});

test.each([
  ['damaged', () => writeFileSync(keyFile(), 'nonsense'), /damaged/],
  ['empty', () => writeFileSync(keyFile(), ''), /damaged/],
  ['open to others', () => chmodSync(keyFile(), 0o644), /other users/],
  ['gone', () => rmSync(keyFile()), /is gone/],
])('a key that is %s is refused and left as it is', async (_, spoil, why) => {
  await load();
  spoil();
  const before = existsSync(keyFile()) && readFileSync(keyFile(), 'utf8');
  await expect(load()).rejects.toThrow(why);
  await expect(load()).rejects.toMatchObject({ name: 'IdentityRefused', remedy: expect.stringMatching(/\w/) });
  expect(existsSync(keyFile()) && readFileSync(keyFile(), 'utf8')).toBe(before);
});

test('a damaged key log is refused', async () => {
  await load();
  writeFileSync(logFile(), '{"at":1', { flag: 'a' });
  await expect(load()).rejects.toThrow('Line 2 of the key log');
});

test('a key that the log does not know is refused, unless the last one was retired', async () => {
  const first = await load();
  writeFileSync(keyFile(), `ed25519 other ${Buffer.alloc(32, 7).toString('base64')}\n`, { mode: 0o600 });
  const logged = readFileSync(logFile(), 'utf8');
  await expect(load()).rejects.toThrow(`has signed with ${first.signingKey.keyId} before`);
  expect(readFileSync(logFile(), 'utf8')).toBe(logged);
  const { keyId, publicKey } = first.signingKey;
  writeFileSync(logFile(), `${JSON.stringify({ at: 5, action: 'retired', keyId, publicKey })}\n`, { flag: 'a' });
  expect((await load()).signingKey.keyId).toBe('ed25519:other');
});

test('a key brought from elsewhere is taken and logged; retired keys are told', async () => {
  writeFileSync(keyFile(), `ed25519 a_AbCd ${Buffer.alloc(32, 7).toString('base64')}\n`, { mode: 0o600 });
  const identity = await load();
  expect(identity.signingKey.keyId).toBe('ed25519:a_AbCd');
  const retired = { at: 5, action: 'retired', keyId: 'ed25519:old', publicKey: 'x' };
  writeFileSync(logFile(), `${JSON.stringify(retired)}\n`, { flag: 'a' });
  expect((await load()).oldKeys).toEqual([{ keyId: 'ed25519:old', publicKey: 'x', expiredAt: 5 }]);
});

test('the database must belong to this identity', async () => {
  const identity = await load();
  const { keyId, publicKey } = identity.signingKey;
  checkIdentity(identity, undefined);
  checkIdentity(identity, { serverName: 'example.org', keyId, publicKey });
  const otherName = { serverName: 'other.org', keyId, publicKey };
  expect(() => checkIdentity(identity, otherName)).toThrow(/belongs to the server other.org/);
  const otherKey = { serverName: 'example.org', keyId: 'ed25519:x', publicKey: 'y' };
  expect(() => checkIdentity(identity, otherKey)).toThrow(/signing key ed25519:x/);
  const oldKeys = [{ keyId: 'ed25519:x', publicKey: 'y', expiredAt: 1 }];
  checkIdentity({ ...identity, oldKeys }, otherKey);
});
