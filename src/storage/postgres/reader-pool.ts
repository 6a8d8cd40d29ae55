// Reads of PostgreSQL: one snapshot each on a pooled connection. BEGIN and COMMIT travel with the statements, without waiting.

import pg from 'pg';
import type { Dialect, ReadTx, SqlValue } from '../database.ts';
import { StorageError, storageClosed } from '../database-errors.ts';
import { postgresDialect } from '../dialects/postgres.ts';
import { assertStorable } from '../text.ts';
import { postgresError } from './postgres-error.ts';
import { PostgresSession } from './postgres-session.ts';

class PostgresReadTx implements ReadTx {
  readonly dialect: Dialect = postgresDialect;
  readonly #session: PostgresSession;
  isOver = false;

  constructor(session: PostgresSession) {
    this.#session = session;
  }

  async all<R>(sql: string, ...params: SqlValue[]): Promise<R[]> {
    this.#before(params);
    return this.#session.all<R>(sql, params);
  }

  async get<R>(sql: string, ...params: SqlValue[]): Promise<R | undefined> {
    this.#before(params);
    return this.#session.get<R>(sql, params);
  }

  #before(params: readonly SqlValue[]): void {
    if (this.isOver) throw new Error('The snapshot is gone: a read used it after it had returned');
    assertStorable(params);
  }
}

export class ReaderPool implements AsyncDisposable {
  readonly #pool: pg.Pool;
  #isClosed = false;

  constructor(config: pg.PoolConfig) {
    this.#pool = new pg.Pool(config);
    // An idle connection that breaks is dropped by the pool; the next read opens another.
    this.#pool.on('error', () => {});
    this.#pool.on('connect', (client) => {
      // While it is in use its queries reject; without a listener the event would end the process.
      client.on('error', () => {});
      const session = new PostgresSession(client);
      session.send("SET idle_in_transaction_session_timeout = '60s'");
      session.send('SET jit = off');
    });
  }

  async read<T>(work: (tx: ReadTx) => Promise<T>): Promise<T> {
    if (this.#isClosed) throw storageClosed();
    const client = await this.#acquire();
    const session = new PostgresSession(client);
    const tx = new PostgresReadTx(session);
    let lost: Error | undefined;
    try {
      session.send('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      return await work(tx);
    } catch (error) {
      if (error instanceof StorageError) lost = error;
      throw error;
    } finally {
      tx.isOver = true;
      if (lost === undefined) session.send('COMMIT');
      client.release(lost);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await this.#pool.end();
  }

  async #acquire(): Promise<pg.PoolClient> {
    try {
      return await this.#pool.connect();
    } catch (error) {
      throw postgresError(error, 'connect');
    }
  }
}
