// The writer thread of SQLite: everything that arrived while the last commit was on its way to disk becomes one batch.

import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { type BatchJob, type BatchResult, type Outcome, runBatch } from '../batch/run-batch.ts';
import { stores } from '../stores/index.ts';
import { collectWriters } from '../writers.ts';
import { openWritable } from './sqlite-connection.ts';
import { SqliteEngine } from './sqlite-engine.ts';
import {
  encodeError,
  type FromWriter,
  type ToWriter,
  type WireJob,
  type WireOutcome,
  type WriterThreadData,
} from './thread-messages.ts';

/** Bounds how long one batch holds back the answers to its first writers. */
const BATCH_JOBS_MAX = 1_000;

if (parentPort === null) throw new Error('The writer thread must be started by openSqlite');
const port = parentPort;
const data = workerData as WriterThreadData;
const writers = collectWriters([
  ...stores,
  ...(await Promise.all(data.writerModules.map((url) => import(url) as Promise<object>))),
]);
const connection = openWritable(data.file);
const engine = new SqliteEngine(connection, (news) => send({ kind: 'committing', news }));

const waiting: WireJob[] = [];
let isRunning = false;
let isClosing = false;

const accept = (message: ToWriter): void => {
  if (message.kind === 'close') isClosing = true;
  else for (const job of message.jobs) waiting.push(job);
};

const acceptAllArrived = (): void => {
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
    accept(next.message as ToWriter);
  }
};

const batchJob = ({ writerName, args }: WireJob): BatchJob => {
  const writer = writers.get(writerName);
  if (writer !== undefined) return { writer, args };
  const unknown = async (): Promise<never> => {
    throw new Error(`No store in src/storage/stores/index.ts exports a writer named ${writerName}`);
  };
  return { writer: { kind: 'writer', name: writerName, run: unknown }, args };
};

const wireOutcome = (id: number, outcome: Outcome): WireOutcome =>
  outcome.ok ? { id, ok: true, value: outcome.value } : { id, ok: false, error: encodeError(outcome.error) };

const cloneable = (outcome: WireOutcome, writerName: string): WireOutcome => {
  try {
    structuredClone(outcome);
    return outcome;
  } catch (cause) {
    const error = new Error(`The writer ${writerName} is committed, but its result cannot leave its thread`, { cause });
    return { id: outcome.id, ok: false, error: encodeError(error) };
  }
};

const send = (message: FromWriter): void => port.postMessage(message);

const answer = (jobs: readonly WireJob[], { head, outcomes }: BatchResult): void => {
  const wired = jobs.map((job, index) => wireOutcome(job.id, outcomes[index]!));
  try {
    send({ kind: 'batch', head, outcomes: wired });
  } catch {
    const outcomesToSend = wired.map((outcome, index) => cloneable(outcome, jobs[index]!.writerName));
    send({ kind: 'batch', head, outcomes: outcomesToSend });
  }
};

const close = (): void => {
  connection.execute('PRAGMA wal_checkpoint(TRUNCATE)');
  connection.close();
  port.close();
};

const work = async (): Promise<void> => {
  if (isRunning) return;
  isRunning = true;
  acceptAllArrived();
  while (waiting.length > 0) {
    const jobs = waiting.splice(0, BATCH_JOBS_MAX);
    answer(jobs, await runBatch(engine, jobs.map(batchJob)));
    acceptAllArrived();
  }
  isRunning = false;
  if (isClosing) close();
};

port.on('message', (message: ToWriter) => {
  accept(message);
  void work();
});
send({ kind: 'ready', head: await engine.lockHead() });
