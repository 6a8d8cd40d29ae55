// Sessions of user-interactive authentication, known only by the SHA-256 hash of their id.
// Client-Server API, "User-Interactive Authentication API".

import type { ReadTx } from '../database.ts';
import { writer } from '../database.ts';

/** How many old sessions one write removes at most. */
const PURGE_MAX = 200;

/** By stage: what it proved, e.g. the registration token. */
export type CompletedStages = Readonly<Record<string, string>>;

export interface UiaSession {
  readonly operation: string;
  readonly parameters: Uint8Array | null;
  readonly completed: CompletedStages;
  readonly createdTs: number;
}

export const findUiaSession = async (tx: ReadTx, hash: Uint8Array): Promise<UiaSession | undefined> => {
  const row = await tx.get<Omit<UiaSession, 'completed'> & { completed: string }>(
    `SELECT operation AS "operation", parameters AS "parameters", completed AS "completed", created_ts AS "createdTs"
     FROM uia_sessions WHERE hash = ?`,
    hash,
  );
  return row && { ...row, completed: JSON.parse(row.completed) as CompletedStages };
};

/** Writes the session as it now stands and removes some that began before `oldestTs`. */
export const saveUiaSession = writer(
  'saveUiaSession',
  async (tx, args: { hash: Uint8Array; session: UiaSession; oldestTs: number }): Promise<void> => {
    await tx.run(
      'DELETE FROM uia_sessions WHERE hash IN (SELECT hash FROM uia_sessions WHERE created_ts < ? LIMIT ?)',
      args.oldestTs,
      PURGE_MAX,
    );
    const { operation, parameters, completed, createdTs } = args.session;
    await tx.run(
      `INSERT INTO uia_sessions (hash, operation, parameters, completed, created_ts) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (hash) DO UPDATE SET parameters = excluded.parameters`,
      args.hash,
      operation,
      parameters,
      JSON.stringify(completed),
      createdTs,
    );
  },
);

/** Adds one completed stage; what is completed now. undefined: no such session. */
export const completeUiaStage = writer(
  'completeUiaStage',
  async (tx, args: { hash: Uint8Array; stage: string; proof: string }): Promise<CompletedStages | undefined> => {
    const session = await findUiaSession(tx, args.hash);
    if (!session) return undefined;
    const completed = { ...session.completed, [args.stage]: args.proof };
    await tx.run('UPDATE uia_sessions SET completed = ? WHERE hash = ?', JSON.stringify(completed), args.hash);
    return completed;
  },
);

/** A session serves one call: true for the one that ends it. */
export const endUiaSession = writer(
  'endUiaSession',
  async (tx, hash: Uint8Array): Promise<boolean> => (await tx.run('DELETE FROM uia_sessions WHERE hash = ?', hash)) > 0,
);
