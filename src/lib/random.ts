// The only source of chance. Everything that must not be guessed comes from node:crypto.

import { randomInt as cryptoRandomInt, randomBytes } from 'node:crypto';

/** Cryptographically random bytes. */
export const randomBytesOf = (sizeBytes: number): Uint8Array => randomBytes(sizeBytes);

/** Random URL-safe text (base64url) of `sizeBytes` bytes of entropy. 24 bytes, the default, cannot be guessed. */
export const randomToken = (sizeBytes = 24): string => randomBytes(sizeBytes).toString('base64url');

/** Integers from 0 to max - 1, evenly. */
export const randomInt = (max: number): number => cryptoRandomInt(max);

/** A number in [0, 1) for jitter and sampling; not for secrets. */
export const randomFraction = (): number => Math.random();

const letters = 'abcdefghijklmnopqrstuvwxyz';
const upperLetters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const digits = '0123456789';

/** Bytes for short texts are drawn in bulk: one call into the system's generator serves many ids. */
let pool: Buffer = Buffer.alloc(0);
let used = 0;
const nextByte = (): number => {
  if (used >= pool.length) {
    pool = randomBytes(4096);
    used = 0;
  }
  return pool[used++] as number;
};

/** Even choice from `alphabet` (at most 256 characters), by rejecting bytes that would favour some. */
export function randomText(length: number, alphabet: string): string {
  const limit = 256 - (256 % alphabet.length);
  let text = '';
  while (text.length < length) {
    const byte = nextByte();
    if (byte < limit) text += alphabet[byte % alphabet.length];
  }
  return text;
}

/** An id of letters and digits, safe in every URL and file name. 18 characters hold 107 bits. */
export const randomId = (length = 18): string => randomText(length, letters + upperLetters + digits);

/** A device id or a code that people may have to read: upper-case letters only. */
export const randomUpperLetters = (length: number): string => randomText(length, upperLetters);
