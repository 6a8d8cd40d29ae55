// This server's ed25519 keys, which sign JSON and events.
// Appendices, "Signing JSON".

import { keyPairFromSeed, SEED_SIZE_BYTES } from '../../lib/ed25519/ed25519.ts';
import { invalidParam } from '../errors/matrix-error.ts';
import { decodeBase64, unpaddedBase64 } from '../events/unpadded-base64.ts';
import type { ServerName } from '../ids/branded.ts';

export interface SigningKey {
  /** `ed25519:<version>`. */
  readonly keyId: string;
  /** Unpadded base64. */
  readonly publicKey: string;
  /** The signature of 64 bytes. Takes about 25 µs of the calling thread. */
  sign(bytes: Uint8Array): Uint8Array;
}

/** Who signs, with what. The name is a server's, or a user's for cross-signing. */
export interface Signer {
  readonly name: ServerName | string;
  readonly key: SigningKey;
}

/** "the key identifier" of our own keys: [a-zA-Z0-9_] after the algorithm. */
export const isSigningKeyId = (text: string): boolean => /^ed25519:[A-Za-z0-9_]{1,200}$/.test(text);

/** `seed`: 32 bytes in base64, padded or not. Throws M_INVALID_PARAM for a wrong seed or key id; the seed is in no message. */
export const signingKeyFromSeed = (keyId: string, seed: string): SigningKey => {
  const bytes = decodeBase64(seed);
  if (bytes?.length !== SEED_SIZE_BYTES) throw invalidParam('A signing key is a seed of 32 bytes in base64');
  if (!isSigningKeyId(keyId)) throw invalidParam('A key ID is ed25519: and letters, digits and underscores');
  const { publicKey, sign } = keyPairFromSeed(bytes);
  return { keyId, publicKey: unpaddedBase64(publicKey), sign };
};
