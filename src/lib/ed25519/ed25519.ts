// Signatures by libsodium: made and checked on the calling thread. RFC 8032; docs/decisions/0013-ed25519-by-libsodium.md.
//
// What the RFC leaves open is decided as libsodium does: keys of a small order, keys and first halves of signatures whose bytes
// are not the shortest way to write a point, and second halves beyond the order of the group are never valid.

import sodium from 'sodium-native';

export const SIGNATURE_SIZE_BYTES = 64;
export const PUBLIC_KEY_SIZE_BYTES = 32;
export const SEED_SIZE_BYTES = 32;

export interface KeyPair {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** The signature of 64 bytes. Takes about 25 µs. */
  readonly sign: (bytes: Uint8Array) => Uint8Array;
}

/** `seed`: 32 bytes. */
export const keyPairFromSeed = (seed: Uint8Array): KeyPair => {
  const publicKey = Buffer.alloc(PUBLIC_KEY_SIZE_BYTES);
  const secretKey = Buffer.alloc(sodium.crypto_sign_SECRETKEYBYTES);
  sodium.crypto_sign_seed_keypair(publicKey, secretKey, asBuffer(seed));
  return {
    publicKey,
    sign: (bytes) => {
      const signature = Buffer.alloc(SIGNATURE_SIZE_BYTES);
      sodium.crypto_sign_detached(signature, asBuffer(bytes), secretKey);
      return signature;
    },
  };
};

/** false for a wrong signature, and where signature or key have another length. Takes about 65 µs. */
export const verify = (bytes: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean =>
  signature.length === SIGNATURE_SIZE_BYTES &&
  publicKey.length === PUBLIC_KEY_SIZE_BYTES &&
  sodium.crypto_sign_verify_detached(asBuffer(signature), asBuffer(bytes), asBuffer(publicKey));

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
