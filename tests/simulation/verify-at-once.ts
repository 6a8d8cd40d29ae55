// Stands for src/protocol/signing/verify-text.ts in simulations: no other thread, whose pace would change the story, and what one
// server has signed or checked is known to all.

import { LruCache } from '../../src/lib/lru-cache.ts';
import { unpaddedBase64 } from '../../src/protocol/events/unpadded-base64.ts';
import type { SigningKey } from '../../src/protocol/signing/signing-key.ts';
import { verifyText as check, type TextToVerify } from '../../src/protocol/signing/verify-text.ts';

interface Checked extends Omit<TextToVerify, 'signature'> {
  readonly isGood: boolean;
}

/** By signature, the text that was checked against it. */
const known = new LruCache<string, Checked>(20_000);

export const verifyText = (text: string, signature: string, publicKey: string): boolean => {
  const before = known.get(signature);
  if (before?.text === text && before.publicKey === publicKey) return before.isGood;
  const isGood = check(text, signature, publicKey);
  known.set(signature, { text, publicKey, isGood });
  return isGood;
};

/** The key, with which whatever it signs needs no check. */
export const wellKnown = ({ keyId, publicKey, sign }: SigningKey): SigningKey => ({
  keyId,
  publicKey,
  sign(bytes) {
    const signature = sign(bytes);
    known.set(unpaddedBase64(signature), { text: Buffer.from(bytes).toString(), publicKey, isGood: true });
    return signature;
  },
});

export const verifyTexts = async (texts: readonly TextToVerify[]): Promise<readonly boolean[]> =>
  texts.map(({ text, signature, publicKey }) => verifyText(text, signature, publicKey));

export const verifyTextAsync = async (text: string, signature: string, publicKey: string): Promise<boolean> =>
  verifyText(text, signature, publicKey);
