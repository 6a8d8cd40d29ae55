// Proves the stored states by arithmetic, past the server: every hash below every root, read from the database itself.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import type { NodeLoader } from '../../../src/rooms/state-tree/fetch-nodes.ts';
import { verifyTree } from '../../../src/rooms/state-tree/verify-tree.ts';

type Row = Record<string, unknown>;
type Query = (sql: string, params: readonly (Uint8Array | string)[]) => Promise<Row[]>;

export interface StoredDatabase extends AsyncDisposable {
  readonly engine: 'sqlite' | 'postgres';
  readonly query: Query;
}

/** Opens the database beside the server that uses it, for reading alone. `database`: a postgres:// URL, or undefined. */
export const openStored = async (directory: string, database: string | undefined): Promise<StoredDatabase> => {
  if (database === undefined) {
    const sqlite = new DatabaseSync(join(directory, 'kintsugi.db'), { readOnly: true });
    return {
      engine: 'sqlite',
      query: async (sql, params) => sqlite.prepare(sql).all(...params),
      [Symbol.asyncDispose]: async () => sqlite.close(),
    };
  }
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  return {
    engine: 'postgres',
    query: async (sql, params) => {
      let index = 0;
      const numbered = sql.replaceAll('?', () => `$${++index}`);
      const { rows } = await client.query<Row>(
        numbered,
        params.map((p) => (typeof p === 'string' ? p : Buffer.from(p))),
      );
      return rows;
    },
    [Symbol.asyncDispose]: () => client.end(),
  };
};

const hexOf = (blob: unknown): string => Buffer.from(blob as Uint8Array).toString('hex');

/** `everything`: also the states at every event, and the database's own checks of itself. */
export const proveStates = async ({ engine, query }: StoredDatabase, everything: boolean): Promise<string[]> => {
  const problems: string[] = [];
  const load: NodeLoader = async (hashes) => {
    const bodies = new Map<string, Uint8Array>();
    for (const hash of hashes) {
      const [row] = await query('SELECT body FROM state_nodes WHERE hash = ?', [Buffer.from(hash, 'hex')]);
      if (row) bodies.set(hash, new Uint8Array(row.body as Uint8Array));
    }
    return bodies;
  };
  const current = 'SELECT state_root AS root FROM rooms';
  const all = `${current} UNION SELECT root FROM room_states UNION SELECT state_root FROM events WHERE state_root IS NOT NULL`;
  const proven = new Map<string, number>();
  for (const { root } of await query(everything ? all : current, [])) {
    const { problems: found } = await verifyTree(hexOf(root), load, proven);
    for (const { hash, kind, why } of found) problems.push(`state node ${hash} is ${kind}: ${why}`);
  }
  if (everything && engine === 'sqlite') {
    const [integrity] = await query('PRAGMA integrity_check', []);
    if (integrity?.integrity_check !== 'ok') problems.push(`integrity_check: ${JSON.stringify(integrity)}`);
    const broken = await query('PRAGMA foreign_key_check', []);
    if (broken.length > 0) problems.push(`${broken.length} broken references, the first: ${JSON.stringify(broken[0])}`);
  }
  return problems;
};
