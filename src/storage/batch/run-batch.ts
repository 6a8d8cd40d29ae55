// Group commit: many writers in one durable transaction, as if each had its own. The same for both engines.

import type { Change } from '../database.ts';
import { ConstraintError, StorageError } from '../database-errors.ts';
import type { AnyWriter } from '../writers.ts';
import type { BatchEngine } from './batch-engine.ts';
import { BatchPositions } from './batch-positions.ts';
import { BatchTx } from './batch-tx.ts';

export interface BatchJob {
  readonly writer: AnyWriter;
  readonly args: unknown;
}

export type Outcome =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: unknown; readonly needsRollback: boolean };

export interface BatchResult {
  /** Undefined when no position was assigned. */
  readonly head: number | undefined;
  readonly changes: readonly Change[];
  /** One for each job, in order. */
  readonly outcomes: readonly Outcome[];
}

const refused = (error: unknown, needsRollback = true): Outcome => ({ ok: false, error, needsRollback });

const allRefused = (jobs: readonly BatchJob[], error: unknown): BatchResult => ({
  head: undefined,
  changes: [],
  outcomes: jobs.map(() => refused(error)),
});

/** Throws a StorageError, because then no writer of the batch can go on. */
const runJob = async (engine: BatchEngine, positions: BatchPositions, job: BatchJob): Promise<Outcome> => {
  const tx = new BatchTx(engine, positions);
  let outcome: Outcome;
  try {
    outcome = { ok: true, value: await job.writer.run(tx, job.args) };
  } catch (error) {
    outcome = refused(error, tx.wrote);
  }
  tx.end();
  if (tx.failure?.error instanceof StorageError) throw tx.failure.error;
  if (tx.failure === undefined) return outcome;
  return refused(outcome.ok ? tx.failure.error : outcome.error);
};

const runIsolated = async (engine: BatchEngine, positions: BatchPositions, job: BatchJob): Promise<Outcome> => {
  const mark = positions.mark();
  await engine.savepoint();
  const outcome = await runJob(engine, positions, job);
  if (outcome.ok || !outcome.needsRollback) {
    await engine.releaseSavepoint();
    return outcome;
  }
  await engine.rollbackToSavepoint();
  positions.reset(mark);
  return outcome;
};

const runTogether = async (
  engine: BatchEngine,
  jobs: readonly BatchJob[],
  runOne: typeof runJob,
): Promise<BatchResult | 'again'> => {
  const positions = new BatchPositions(engine);
  const outcomes: Outcome[] = [];
  await engine.begin();
  for (const job of jobs) {
    const outcome = await runOne(engine, positions, job);
    if (!outcome.ok && outcome.needsRollback && runOne === runJob) {
      await engine.rollback();
      return jobs.length === 1 ? allRefused(jobs, outcome.error) : 'again';
    }
    outcomes.push(outcome);
  }
  const head = await positions.store();
  const { changes } = positions;
  await engine.commit(head === undefined ? undefined : { head, changes });
  return { head, changes, outcomes };
};

const runOneByOne = async (engine: BatchEngine, jobs: readonly BatchJob[]): Promise<BatchResult> => {
  const results: BatchResult[] = [];
  for (const job of jobs) results.push(await runBatch(engine, [job]));
  return {
    head: results.findLast((result) => result.head !== undefined)?.head,
    changes: results.flatMap((result) => result.changes),
    outcomes: results.flatMap((result) => result.outcomes),
  };
};

/**
 * Runs the jobs in order in one transaction and commits it. First without savepoints, which cost; when a writer
 * fails after it wrote, everything is rolled back and runs again with a savepoint around each writer.
 * Never throws: an error of the engine becomes the outcome of every job.
 */
export const runBatch = async (engine: BatchEngine, jobs: readonly BatchJob[]): Promise<BatchResult> => {
  try {
    const quick = await runTogether(engine, jobs, runJob);
    if (quick !== 'again') return quick;
    const careful = await runTogether(engine, jobs, runIsolated);
    if (careful !== 'again') return careful;
    throw new Error('A batch with savepoints asked to run again');
  } catch (error) {
    await engine.rollback();
    // A deferred constraint fails the commit, and the engine does not say whose it was.
    if (error instanceof ConstraintError && jobs.length > 1) return runOneByOne(engine, jobs);
    return allRefused(jobs, error);
  }
};
