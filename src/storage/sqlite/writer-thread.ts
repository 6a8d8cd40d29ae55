// The main thread's end of the writer thread: sends writes in groups, tells commits, and starts the thread anew if it dies.

import type { Worker } from 'node:worker_threads';
import { startThread } from '../../lib/start-thread.ts';
import type { CommitListeners } from '../batch/commit-listeners.ts';
import { StorageError, storageClosed, storageOverloaded } from '../database-errors.ts';
import { decodeError, type FromWriter, type ToWriter, type WireJob, type WriterThreadData } from './thread-messages.ts';

const WAITING_MAX = 10_000;
/** What a batch leaves behind is garbage at once; V8 would keep up to 200 MiB for it. */
const YOUNG_GENERATION_MIB = 6;

interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

const writerDied = (cause: unknown): StorageError =>
  new StorageError({
    trouble: 'io',
    why: 'The thread that writes the database stopped.',
    remedy: 'It is started again with the next write; report the error if it comes back.',
    outcomeUnknown: true,
    cause,
  });

const workerUrl = new URL('./writer-worker.js', import.meta.url);

export class WriterThread implements AsyncDisposable {
  readonly #data: WriterThreadData;
  readonly #listeners: CommitListeners;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #unsent: WireJob[] = [];
  #lastId = 0;
  #head: number;
  #isClosed = false;
  #drained: (() => void) | undefined;

  constructor(data: WriterThreadData, head: number, listeners: CommitListeners) {
    this.#data = data;
    this.#head = head;
    this.#listeners = listeners;
  }

  /** Resolves once the thread has opened the database and loaded the writers; rejects with what kept it from that. */
  async start(): Promise<void> {
    const options = { name: 'database-writer', youngGenerationMib: YOUNG_GENERATION_MIB, data: this.#data };
    const worker = startThread(workerUrl, options);
    this.#worker = worker;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let failure: unknown;
    worker.on('message', (message: FromWriter) => {
      if (message.kind === 'ready') resolve();
      else this.#committed(message);
    });
    worker.on('error', (error) => {
      failure = error;
    });
    worker.on('exit', () => {
      const error = writerDied(failure);
      reject(error);
      if (this.#worker === worker) this.#worker = undefined;
      this.#abandon(error);
    });
    await promise;
  }

  /** Rejects at once when too many writes wait or the database is closed. */
  write(writerName: string, args: unknown): Promise<unknown> {
    if (this.#isClosed) return Promise.reject(storageClosed());
    if (this.#waiting.size >= WAITING_MAX) return Promise.reject(storageOverloaded(this.#waiting.size));
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#lastId += 1;
    this.#waiting.set(this.#lastId, { resolve, reject });
    this.#unsent.push({ id: this.#lastId, writerName, args });
    // After the promises of this turn have run, so that writes made together travel together.
    if (this.#unsent.length === 1) process.nextTick(() => this.#send());
    return promise;
  }

  /** Refuses further writes at once and waits for those under way. */
  async drain(): Promise<void> {
    this.#isClosed = true;
    if (this.#waiting.size > 0) await new Promise<void>((resolve) => (this.#drained = resolve));
  }

  /** Moves the WAL into the database file, which needs the readers to be gone, and ends the thread. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
    const worker = this.#worker;
    if (worker === undefined) return;
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    worker.postMessage({ kind: 'close' } satisfies ToWriter);
    await exited;
  }

  #send(): void {
    const jobs = this.#unsent;
    this.#unsent = [];
    if (this.#worker === undefined) this.start().catch(() => {});
    try {
      this.#post(jobs);
    } catch {
      // One of them cannot be cloned; the others must not suffer for it.
      for (const job of jobs) {
        try {
          this.#post([job]);
        } catch (error) {
          this.#settle(job.id)?.reject(error);
        }
      }
    }
  }

  #post(jobs: readonly WireJob[]): void {
    this.#worker?.postMessage({ kind: 'jobs', jobs } satisfies ToWriter);
  }

  #committed({ head, changes, outcomes }: Extract<FromWriter, { kind: 'batch' }>): void {
    if (head !== undefined) this.#head = head;
    if (outcomes.some((outcome) => outcome.ok)) this.#listeners.tell({ head: this.#head, changes });
    for (const outcome of outcomes) {
      const waiting = this.#settle(outcome.id);
      if (outcome.ok) waiting?.resolve(outcome.value);
      else waiting?.reject(decodeError(outcome.error));
    }
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#drained?.();
    return waiting;
  }

  #abandon(error: StorageError): void {
    for (const [id, waiting] of this.#waiting) {
      // What was not sent yet goes to the next thread.
      if (this.#unsent.some((job) => job.id === id)) continue;
      this.#waiting.delete(id);
      waiting.reject(error);
    }
    if (this.#waiting.size === 0) this.#drained?.();
  }
}
