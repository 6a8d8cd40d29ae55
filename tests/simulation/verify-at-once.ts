// Stands for src/protocol/signing/verify-text.ts in simulations: no other thread, whose pace would change the story, and what one
// server has checked is known to all.

import { LruCache } from '../../src/lib/lru-cache.ts';
import { verifyText as check, type TextToVerify } from '../../src/protocol/signing/verify-text.ts';

const known = new LruCache<string, boolean>(20_000);

export const verifyText = (text: string, signature: string, publicKey: string): boolean => {
  const key = `${publicKey} ${signature} ${text}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const isGood = check(text, signature, publicKey);
  known.set(key, isGood);
  return isGood;
};

export const verifyTexts = async (texts: readonly TextToVerify[]): Promise<readonly boolean[]> =>
  texts.map(({ text, signature, publicKey }) => verifyText(text, signature, publicKey));

export const verifyTextAsync = async (text: string, signature: string, publicKey: string): Promise<boolean> =>
  verifyText(text, signature, publicKey);
