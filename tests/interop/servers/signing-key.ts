// New signing keys, for servers that change theirs.

import { generateKeyPairSync } from 'node:crypto';
import { unpaddedBase64 } from '../../../src/protocol/events/unpadded-base64.ts';

export interface SigningKey {
  readonly keyId: string;
  /** As its file wants it. */
  readonly line: string;
  readonly publicKey: string;
}

export const newSigningKey = (): SigningKey => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const [seed, bytes] = [
    privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32),
    publicKey.export({ format: 'der', type: 'spki' }).subarray(-32),
  ];
  const name = `k_${bytes.toString('hex').slice(0, 6)}`;
  return {
    keyId: `ed25519:${name}`,
    line: `ed25519 ${name} ${unpaddedBase64(seed)}\n`,
    publicKey: unpaddedBase64(bytes),
  };
};
