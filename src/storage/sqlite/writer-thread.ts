// The main thread's end of the writer thread: sends writes in groups, tells commits, and starts the thread anew if it dies. Where that
// was between a commit and its answer, the next thread finds out what was committed.

import type { Worker } from 'node:worker_threads';
import { startThread } from '../../lib/start-thread.ts';
import type { CommitListeners } from '../batch/commit-listeners.ts';
import type { Commit } from '../database.ts';
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
  /** Of commits that were begun and not answered. */
  #unheard: Commit[] = [];
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
    let isReady = false;
    worker.on('message', (message: FromWriter) => {
      switch (message.kind) {
        case 'ready':
          isReady = true;
          this.#settleDoubt(message.head);
          return resolve();
        case 'committing':
          return this.#committing(message.news);
        case 'batch':
          return this.#committed(message);
      }
    });
    worker.on('error', (error) => {
      failure = error;
    });
    worker.on('exit', () => {
      const error = writerDied(failure);
      reject(error);
      if (this.#worker === worker) this.#worker = undefined;
      this.#abandon(error);
      // One that cannot even begin is left to the next write.
      if (isReady && this.#unheard.length > 0 && !this.#isClosed) this.start().catch(() => {});
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

  #committing(news: Commit): void {
    // A position that is assigned again was not committed the first time.
    const isCommitted = ({ head }: Commit): boolean => head < news.changes[0]!.position;
    this.#unheard = [...this.#unheard.filter(isCommitted), news];
  }

  /** What was begun up to `head` was committed; the rest was not. */
  #takeNews(head: number): Commit {
    const changes = this.#unheard.filter((news) => news.head <= head).flatMap((news) => news.changes);
    this.#unheard = [];
    this.#head = head;
    return { head, changes };
  }

  #settleDoubt(head: number): void {
    const news = this.#takeNews(head);
    if (news.changes.length > 0) this.#listeners.tell(news);
  }

  #committed({ head = this.#head, outcomes }: Extract<FromWriter, { kind: 'batch' }>): void {
    const news = this.#takeNews(head);
    if (outcomes.some((outcome) => outcome.ok)) this.#listeners.tell(news);
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
