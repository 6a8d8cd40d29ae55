// Checks signatures on threads of their own, many with each message. One checks some 15,000 a second; a second one helps where many
// wait. They start when there is something to check and do not keep the process alive.

import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { startThread } from '../start-thread.ts';
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
const YOUNG_GENERATION_MIB = 3;
/** A thread with more checks than these before it, 15 ms of work, is helped by another one. */
const WAITING_ALONE_MAX = 256;
/** Each takes some 20 MiB; two check more than the rest of the server can take in. */
const THREADS_MAX = Math.min(2, availableParallelism());

const workerUrl = new URL('./verifying-worker.js', import.meta.url);

interface Asked {
  readonly signed: readonly SignedText[];
  readonly verdicts: PromiseWithResolvers<readonly boolean[]>;
}

class VerifyingThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, readonly Asked[]>();
  #unsent: Asked[] = [];
  #lastId = 0;
  /** Checks that are not answered. */
  load = 0;

  constructor(onExit: (thread: VerifyingThread) => void) {
    this.#worker = startThread(workerUrl, { name: 'signatures', youngGenerationMib: YOUNG_GENERATION_MIB });
    let failure: unknown;
    this.#worker.on('message', (answer: FromVerifier) => this.#take(answer));
    this.#worker.on('error', (error) => {
      failure = error;
    });
    this.#worker.on('exit', () => {
      onExit(this);
      const stopped = new Error('The thread that checks signatures stopped.', { cause: failure });
      for (const { verdicts } of [...this.#waiting.values()].flat()) verdicts.reject(stopped);
      this.#waiting.clear();
    });
  }

  verify(signed: readonly SignedText[]): Promise<readonly boolean[]> {
    const verdicts = Promise.withResolvers<readonly boolean[]>();
    this.load += signed.length;
    this.#unsent.push({ signed, verdicts });
    // After the promises of this turn have run, so that what is asked together travels together.
    if (this.#unsent.length === 1) process.nextTick(() => this.#send());
    return verdicts.promise;
  }

  #send(): void {
    const asked = this.#unsent;
    this.#unsent = [];
    this.#lastId += 1;
    this.#waiting.set(this.#lastId, asked);
    this.#worker.ref();
    const message = { id: this.#lastId, ...packed(asked.flatMap(({ signed }) => signed)) };
    this.#worker.postMessage(message satisfies ToVerifier);
  }

  #take({ id, areValid }: FromVerifier): void {
    const asked = this.#waiting.get(id)!;
    this.#waiting.delete(id);
    this.load -= areValid.length;
    let from = 0;
    for (const { signed, verdicts } of asked) {
      const to = from + signed.length;
      verdicts.resolve(areValid.slice(from, to));
      from = to;
    }
    if (this.#waiting.size === 0) this.#worker.unref();
  }
}

const packed = (signed: readonly SignedText[]): Omit<ToVerifier, 'id'> => {
  const signatures = new Uint8Array(signed.length * SIGNATURE_SIZE_BYTES);
  const publicKeys = new Uint8Array(signed.length * PUBLIC_KEY_SIZE_BYTES);
  for (const [at, { signature, publicKey }] of signed.entries()) {
    signatures.set(signature, at * SIGNATURE_SIZE_BYTES);
    publicKeys.set(publicKey, at * PUBLIC_KEY_SIZE_BYTES);
  }
  return { texts: signed.map(({ text }) => text), signatures, publicKeys };
};

const threads = new Set<VerifyingThread>();

/** That with the least to do. One that stopped is followed by another one. */
const threadFor = (): VerifyingThread => {
  let idlest: VerifyingThread | undefined;
  for (const thread of threads) if (!idlest || thread.load < idlest.load) idlest = thread;
  if (idlest && (idlest.load <= WAITING_ALONE_MAX || threads.size >= THREADS_MAX)) return idlest;
  const thread = new VerifyingThread((stopped) => threads.delete(stopped));
  threads.add(thread);
  return thread;
};

/** One verdict for each, in their order. */
export const verifyOnThread = (signed: readonly SignedText[]): Promise<readonly boolean[]> =>
  signed.length === 0 ? Promise.resolve([]) : threadFor().verify(signed);
