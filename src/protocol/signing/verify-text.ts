// Checks of ed25519 signatures over a text, on the calling thread or on the thread pool.
// Appendices, "Checking for a Signature".

import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { LruCache } from '../../lib/lru-cache.ts';
import { decodeBase64 } from '../events/unpadded-base64.ts';

/** Building a key costs as much as a check, and a few servers send most events. */
const keys = new LruCache<string, KeyObject>(4096);

const spkiHeader = Buffer.from('302a300506032b6570032100', 'hex');

/** undefined: not 32 bytes in base64. */
const verifyKey = (publicKey: string): KeyObject | undefined => {
  const known = keys.get(publicKey);
  if (known !== undefined) return known;
  const bytes = decodeBase64(publicKey);
  if (bytes?.length !== 32) return undefined;
  const key = createPublicKey({ key: Buffer.concat([spkiHeader, bytes]), format: 'der', type: 'spki' });
  keys.set(publicKey, key);
  return key;
};

/** Key and signature are base64. false for a wrong signature and for anything that is not a key or a signature. */
export const verifyText = (text: string, signature: string, publicKey: string): boolean => {
  const key = verifyKey(publicKey);
  const bytes = decodeBase64(signature);
  return key !== undefined && bytes?.length === 64 && verify(null, Buffer.from(text), key, bytes);
};

/** As verifyText, on the thread pool: 150 µs that do not hold up the event loop. */
export const verifyTextAsync = (text: string, signature: string, publicKey: string): Promise<boolean> => {
  const key = verifyKey(publicKey);
  const bytes = decodeBase64(signature);
  if (key === undefined || bytes?.length !== 64) return Promise.resolve(false);
  return new Promise((resolve, reject) => {
    verify(null, Buffer.from(text), key, bytes, (error, valid) => (error ? reject(error) : resolve(valid)));
  });
};
