// The queue before an engine in this thread: what waits when a commit ends becomes the next batch. A lonely write starts at once.

import type { Writer } from '../database.ts';
import { storageClosed, storageOverloaded } from '../database-errors.ts';
import type { AnyWriter } from '../writers.ts';
import type { BatchEngine } from './batch-engine.ts';
import { type BatchJob, type BatchResult, runBatch } from './run-batch.ts';

/** Writes that wait, over all batches. */
const WAITING_MAX = 10_000;
/** Bounds how long one batch holds back the answers to its first writers. */
const BATCH_JOBS_MAX = 250;

interface WaitingJob extends BatchJob {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

export class WriteQueue implements AsyncDisposable {
  readonly #engine: BatchEngine;
  readonly #committed: (result: BatchResult) => void;
  #waiting: WaitingJob[] = [];
  #running: Promise<void> | undefined;
  #isClosed = false;

  /** `committed` is told of each batch that is on disk before its writers' promises resolve. */
  constructor(engine: BatchEngine, committed: (result: BatchResult) => void) {
    this.#engine = engine;
    this.#committed = committed;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Rejects at once when too many writes wait or the database is closed. */
  write<A, R>(writer: Writer<A, R>, args: A): Promise<R> {
    if (this.#isClosed) return Promise.reject(storageClosed());
    if (this.#waiting.length >= WAITING_MAX) return Promise.reject(storageOverloaded(this.#waiting.length));
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.push({ writer: writer as AnyWriter, args, resolve, reject });
    this.#running ??= this.#run();
    return promise as Promise<R>;
  }

  /** Waits for the writes under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    // After the promises of this turn have run, so that writes made together are committed together.
    await new Promise<void>((resolve) => process.nextTick(resolve));
    while (this.#waiting.length > 0) {
      const jobs = this.#waiting.splice(0, BATCH_JOBS_MAX);
      const result = await runBatch(this.#engine, jobs);
      if (result.outcomes.some((outcome) => outcome.ok)) this.#committed(result);
      jobs.forEach((job, index) => {
        const outcome = result.outcomes[index]!;
        if (outcome.ok) job.resolve(outcome.value);
        else job.reject(outcome.error);
      });
      // Their next writes belong into the next batch.
      await new Promise<void>((resolve) => process.nextTick(resolve));
    }
    this.#running = undefined;
  }
}
