// The transaction as one writer of a batch sees it. It remembers whether the writer wrote anything and what failed first.

import type { Audience, Dialect, SqlValue, WriteTx } from '../database.ts';
import { assertStorable } from '../text.ts';
import type { BatchEngine } from './batch-engine.ts';
import type { BatchPositions } from './batch-positions.ts';

const onlyReads = /^\s*SELECT\b/i;

export class BatchTx implements WriteTx {
  readonly dialect: Dialect;
  readonly #engine: BatchEngine;
  readonly #positions: BatchPositions;
  #failure: { readonly error: unknown } | undefined;
  #isOver = false;
  /** Whether there is anything to roll back. */
  wrote = false;

  constructor(engine: BatchEngine, positions: BatchPositions) {
    this.dialect = engine.dialect;
    this.#engine = engine;
    this.#positions = positions;
  }

  /** PostgreSQL refuses every statement after a failed one, so on both engines the first failure fails the writer. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  end(): void {
    this.#isOver = true;
  }

  async all<R>(sql: string, ...params: SqlValue[]): Promise<R[]> {
    this.#before(!onlyReads.test(sql), params);
    try {
      return await this.#engine.all<R>(sql, params);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  async get<R>(sql: string, ...params: SqlValue[]): Promise<R | undefined> {
    this.#before(!onlyReads.test(sql), params);
    try {
      return await this.#engine.get<R>(sql, params);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  async run(sql: string, ...params: SqlValue[]): Promise<number> {
    this.#before(true, params);
    try {
      return await this.#engine.run(sql, params);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  async runMany(sql: string, rows: readonly (readonly SqlValue[])[]): Promise<void> {
    this.#before(true, []);
    for (const row of rows) assertStorable(row);
    try {
      await this.#engine.runMany(sql, rows);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  async nextPosition(audience: Audience, free = 0): Promise<number> {
    this.#before(true, []);
    try {
      return await this.#positions.next(audience, free);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  #before(writes: boolean, params: readonly SqlValue[]): void {
    if (this.#isOver) throw new Error('The transaction is over: a writer used it after it had returned');
    if (this.#failure !== undefined) throw this.#failure.error;
    assertStorable(params);
    if (writes) this.wrote = true;
  }

  #failed(error: unknown): unknown {
    this.#failure ??= { error };
    return error;
  }
}
