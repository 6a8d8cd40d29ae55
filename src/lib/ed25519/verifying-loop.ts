// The thread that checks signatures, one message after the other.

import { parentPort } from 'node:worker_threads';
import { PUBLIC_KEY_SIZE_BYTES, SIGNATURE_SIZE_BYTES, verify } from './ed25519.ts';
import type { FromVerifier, ToVerifier } from './verifying-thread.ts';

if (parentPort === null) throw new Error('The thread must be started by verifying-thread.ts');
const port = parentPort;

port.on('message', ({ id, texts, signatures, publicKeys }: ToVerifier) => {
  const areValid = texts.map((text, at) =>
    verify(Buffer.from(text), part(signatures, at, SIGNATURE_SIZE_BYTES), part(publicKeys, at, PUBLIC_KEY_SIZE_BYTES)),
  );
  port.postMessage({ id, areValid } satisfies FromVerifier);
});

const part = (all: Uint8Array, at: number, sizeBytes: number): Uint8Array =>
  all.subarray(at * sizeBytes, (at + 1) * sizeBytes);
