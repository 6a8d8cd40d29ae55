// Group commit on PostgreSQL: one connection for all writers of this process, opened anew after it broke.

import pg from 'pg';
import type { BatchEngine } from '../batch/batch-engine.ts';
import type { Commit, SqlValue } from '../database.ts';
import { StorageError, storageClosed } from '../database-errors.ts';
import { postgresDialect } from '../dialects/postgres.ts';
import { postgresError } from './postgres-error.ts';
import { PostgresSession } from './postgres-session.ts';

const HEAD_SQL = 'SELECT value FROM stream_head WHERE id = 1';

export interface EngineEvents {
  /** Asked before each connection; what it throws fails the batch, so it is to be a StorageError. */
  mayConnect(): Promise<void>;
  /** It is not known whether the last commit succeeded: the next connection tells. */
  doubted(): void;
  /**
   * Told with each new connection: the stored head, and what the last commit brought about if it succeeded unheard. What it throws
   * fails the batch.
   */
  connected(head: number, unheard: Commit | undefined): void;
}

export class PostgresEngine implements BatchEngine, AsyncDisposable {
  readonly dialect = postgresDialect;
  readonly #config: pg.ClientConfig;
  readonly #events: EngineEvents;
  #client: pg.Client | undefined;
  #session: PostgresSession | undefined;
  #isToConnectAnew = false;
  #unheard: Commit | undefined;

  constructor(config: pg.ClientConfig, events: EngineEvents) {
    this.#config = config;
    this.#events = events;
  }

  /** Whether it is not known if a commit succeeded that had something to tell. */
  get isInDoubt(): boolean {
    return this.#unheard !== undefined;
  }

  /** Before the next batch. */
  connectAnew(): void {
    this.#isToConnectAnew = true;
  }

  async begin(): Promise<void> {
    if (this.#isToConnectAnew) this.#forget();
    this.#session ??= await this.#connect();
    this.#session.send('BEGIN');
  }

  async commit(news?: Commit): Promise<void> {
    const session = this.#open();
    let command: string;
    try {
      command = (await session.query('COMMIT', [])).command;
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      const { trouble, why, remedy } = error;
      if (news) {
        this.#unheard = news;
        this.#events.doubted();
      }
      throw new StorageError({ trouble, why, remedy, outcomeUnknown: true, cause: error });
    }
    // PostgreSQL answers COMMIT with ROLLBACK when a statement failed unseen.
    if (command !== 'COMMIT') throw new Error('PostgreSQL rolled a batch back although no statement had failed');
  }

  async rollback(): Promise<void> {
    if (this.#session === undefined) return;
    try {
      await this.#session.query('ROLLBACK', []);
    } catch {
      this.#forget();
    }
  }

  async savepoint(): Promise<void> {
    this.#open().send('SAVEPOINT writer');
  }

  async releaseSavepoint(): Promise<void> {
    this.#open().send('RELEASE SAVEPOINT writer');
  }

  async rollbackToSavepoint(): Promise<void> {
    this.#open().send('ROLLBACK TO SAVEPOINT writer');
    this.#open().send('RELEASE SAVEPOINT writer');
  }

  all<R>(sql: string, params: readonly SqlValue[]): Promise<R[]> {
    return this.#open().all<R>(sql, params);
  }

  get<R>(sql: string, params: readonly SqlValue[]): Promise<R | undefined> {
    return this.#open().get<R>(sql, params);
  }

  async run(sql: string, params: readonly SqlValue[]): Promise<number> {
    return (await this.#open().query(sql, params)).rowCount ?? 0;
  }

  runMany(sql: string, rows: readonly (readonly SqlValue[])[]): Promise<void> {
    return this.#open().queryMany(sql, rows);
  }

  async lockHead(): Promise<number> {
    const row = await this.#open().get<{ value: number }>(`${HEAD_SQL} FOR UPDATE`, []);
    if (row === undefined) throw new Error('The table stream_head has no row');
    return row.value;
  }

  async storeHead(head: number): Promise<void> {
    await this.#open().query('UPDATE stream_head SET value = ? WHERE id = 1', [head]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const client = this.#client;
    this.#forget();
    await client?.end();
  }

  #open(): PostgresSession {
    if (this.#session === undefined) throw storageClosed();
    return this.#session;
  }

  async #connect(): Promise<PostgresSession> {
    await this.#events.mayConnect();
    this.#isToConnectAnew = false;
    const client = new pg.Client(this.#config);
    const lost = (): void => {
      if (this.#client === client) this.#forget();
    };
    client.on('error', lost);
    client.on('end', lost);
    try {
      await client.connect();
    } catch (error) {
      throw postgresError(error, 'connect');
    }
    const session = new PostgresSession(client);
    // An answer means the data are on disk, whatever the server's default is.
    session.send(
      "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
    );
    // A process that hangs inside a batch must not hold the head of the stream against the others.
    session.send("SET idle_in_transaction_session_timeout = '60s'");
    session.send('SET jit = off');
    const head = await session.get<{ value: number }>(HEAD_SQL, []);
    try {
      this.#tell(head?.value ?? 0);
    } catch (error) {
      client.end().catch(() => {});
      throw error;
    }
    this.#client = client;
    return session;
  }

  #tell(head: number): void {
    const unheard = this.#unheard;
    this.#events.connected(head, unheard !== undefined && unheard.head <= head ? unheard : undefined);
    this.#unheard = undefined;
  }

  #forget(): void {
    this.#client?.end().catch(() => {});
    this.#client = undefined;
    this.#session = undefined;
  }
}
