// Keeps a second server off a PostgreSQL database: an advisory lock of a session that lives as long as the process, on a
// connection of its own. PostgreSQL gives the lock back when that connection ends, however the process died.

import { hostname } from 'node:os';
import pg from 'pg';
import { DatabaseRefused, StorageError } from '../database-errors.ts';
import { isPostgresFailure, postgresError } from './postgres-error.ts';

/** Chosen at random; an advisory lock counts within one database. */
const LOCK = 5_146_273_811;
/** lock_not_available, and query_canceled where statements may not take long. */
const WAITED_IN_VAIN: ReadonlySet<string> = new Set(['55P03', '57014']);
/** Where the machine is gone, PostgreSQL finds out within half a minute; and it may not end the session for being idle. */
const SESSION_SETTINGS = `SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;
  SET idle_session_timeout = 0`;

export interface HoldDeps {
  readonly config: pg.ClientConfig;
  /** How long a server that was just killed or stopped may take to be gone, at the first `take`. */
  readonly waitMs: number;
  /** The connection broke: until `take` is called again, another server may get the database. */
  readonly onLost: () => void;
}

export class DatabaseHold implements AsyncDisposable {
  readonly #deps: HoldDeps;
  #client: pg.Client | undefined;
  #isClosed = false;

  constructor(deps: HoldDeps) {
    this.#deps = deps;
  }

  /** host:port */
  get where(): string {
    const { host, port } = new pg.Client(this.#deps.config);
    return `${host}:${port}`;
  }

  /** The connection that holds the database from now on. Throws DatabaseRefused naming who has it, and what pg throws. */
  async take(): Promise<pg.Client> {
    return this.#client ?? this.#takeAnew(this.#deps.waitMs);
  }

  /** The same for a server that had it before and must not wait. Throws StorageError: another has it now, or it is out of reach. */
  async keep(): Promise<void> {
    if (this.#client) return;
    try {
      await this.#takeAnew(1);
    } catch (error) {
      if (!(error instanceof DatabaseRefused)) throw postgresError(error, 'connect');
      throw new StorageError({ trouble: 'busy', why: error.message, remedy: error.remedy, cause: error });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await this.#client?.end();
  }

  async #takeAnew(waitMs: number): Promise<pg.Client> {
    const client = new pg.Client({ ...this.#deps.config, application_name: ownName() });
    const lost = (): void => {
      if (this.#client !== client) return;
      this.#client = undefined;
      if (!this.#isClosed) this.#deps.onLost();
    };
    client.on('error', lost);
    client.on('end', lost);
    try {
      await client.connect();
      await lock(client, waitMs);
    } catch (error) {
      await client.end().catch(() => {});
      throw error;
    }
    this.#client = client;
    return client;
  }
}

/** PostgreSQL keeps 63 bytes of it. */
const ownName = (): string => `kintsugi, process ${process.pid} on ${hostname()}`;

const lock = async (client: pg.Client, waitMs: number): Promise<void> => {
  // A server so old that it does not know them is refused for its age.
  await client.query(SESSION_SETTINGS).catch(() => {});
  await client.query(`SET lock_timeout = ${waitMs}`);
  try {
    await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
  } catch (error) {
    if (!isPostgresFailure(error) || !WAITED_IN_VAIN.has(error.code)) throw error;
    throw new DatabaseRefused(
      `The PostgreSQL database ${client.database} is in use by ${await holder(client)}.`,
      'Stop that server first; only one can use a database.',
      error,
    );
  }
  await client.query('SET lock_timeout = DEFAULT');
};

/** Who may not see the sessions of others is not told their names. */
const holder = async (client: pg.Client): Promise<string> => {
  const { rows } = await client.query<{ name: string | null; address: string | null }>(
    `SELECT a.application_name AS "name", host(a.client_addr) AS "address"
     FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid JOIN pg_database d ON d.oid = l.database
     WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND d.datname = current_database()
       AND ((l.classid::bigint << 32) | l.objid::bigint) = $1`,
    [LOCK],
  );
  const { name, address } = rows[0] ?? {};
  if (!name) return 'another server';
  return address ? `${name} (connected from ${address})` : name;
};
