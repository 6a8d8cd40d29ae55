// Checks signatures on a thread of their own, many with each message. One thread checks some 15,000 a second, more than the
// rest of the server can take in. It starts with the first check and does not keep the process alive.

import { Worker } from 'node:worker_threads';
import { PUBLIC_KEY_SIZE_BYTES, SIGNATURE_SIZE_BYTES } from './ed25519.ts';

export interface SignedText {
  readonly text: string;
  /** 64 bytes. */
  readonly signature: Uint8Array;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
}

/** Bytes one behind the other: a clone of many small arrays costs more than the texts. */
export interface ToVerifier {
  readonly id: number;
  readonly texts: readonly string[];
  readonly signatures: Uint8Array;
  readonly publicKeys: Uint8Array;
}

export interface FromVerifier {
  readonly id: number;
  readonly areValid: readonly boolean[];
}

/** What a message leaves behind is garbage at once. */
const YOUNG_GENERATION_MIB = 4;

const workerUrl = new URL('./verifying-worker.js', import.meta.url);
const waiting = new Map<number, PromiseWithResolvers<readonly boolean[]>>();
let lastId = 0;
let thread: Worker | undefined;

/** One verdict for each, in their order. */
export const verifyOnThread = (signed: readonly SignedText[]): Promise<readonly boolean[]> => {
  if (signed.length === 0) return Promise.resolve([]);
  const signatures = new Uint8Array(signed.length * SIGNATURE_SIZE_BYTES);
  const publicKeys = new Uint8Array(signed.length * PUBLIC_KEY_SIZE_BYTES);
  for (const [at, { signature, publicKey }] of signed.entries()) {
    signatures.set(signature, at * SIGNATURE_SIZE_BYTES);
    publicKeys.set(publicKey, at * PUBLIC_KEY_SIZE_BYTES);
  }
  thread ??= start();
  lastId += 1;
  const deferred = Promise.withResolvers<readonly boolean[]>();
  waiting.set(lastId, deferred);
  thread.ref();
  thread.postMessage({
    id: lastId,
    texts: signed.map(({ text }) => text),
    signatures,
    publicKeys,
  } satisfies ToVerifier);
  return deferred.promise;
};

const start = (): Worker => {
  const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB };
  const worker = new Worker(workerUrl, { name: 'signatures', resourceLimits });
  let failure: unknown;
  worker.on('message', ({ id, areValid }: FromVerifier) => {
    waiting.get(id)?.resolve(areValid);
    waiting.delete(id);
    if (waiting.size === 0) worker.unref();
  });
  worker.on('error', (error) => {
    failure = error;
  });
  // The next check starts another one.
  worker.on('exit', () => {
    thread = undefined;
    for (const { reject } of waiting.values())
      reject(new Error('The thread that checks signatures stopped.', { cause: failure }));
    waiting.clear();
  });
  return worker;
};
