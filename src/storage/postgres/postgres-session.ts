// Statements on one PostgreSQL connection: translated, prepared once, pipelined, and with the server's own errors.

import type { ClientBase, QueryResult } from 'pg';
import type { SqlValue } from '../database.ts';
import { postgresError } from './postgres-error.ts';
import { translateStatement } from './translate-statement.ts';

export class PostgresSession {
  readonly #client: ClientBase;

  constructor(client: ClientBase) {
    this.#client = client;
  }

  async query(sql: string, params: readonly SqlValue[]): Promise<QueryResult> {
    const { text, name } = translateStatement(sql);
    const values = params as SqlValue[];
    try {
      return await this.#client.query(name === undefined ? { text, values } : { text, values, name });
    } catch (error) {
      throw postgresError(error, sql);
    }
  }

  async all<R>(sql: string, params: readonly SqlValue[]): Promise<R[]> {
    return (await this.query(sql, params)).rows as R[];
  }

  async get<R>(sql: string, params: readonly SqlValue[]): Promise<R | undefined> {
    return (await this.query(sql, params)).rows[0] as R | undefined;
  }

  /** Sends everything before it waits for the first answer; throws the first failure once all are answered. */
  async queryMany(sql: string, rows: readonly (readonly SqlValue[])[]): Promise<void> {
    const answers = await Promise.allSettled(rows.map((row) => this.query(sql, row)));
    for (const answer of answers) if (answer.status === 'rejected') throw answer.reason;
  }

  /** Sends a statement without waiting: what comes after it on the connection fails if it does. */
  send(sql: string): void {
    this.query(sql, []).catch(() => {});
  }
}
