// Tokens that allow registration. Client-Server API, "Token-authenticated registration".

import { forbidden } from '../../protocol/errors/matrix-error.ts';
import type { ReadTx, WriteTx } from '../database.ts';
import { writer } from '../database.ts';

export interface RegistrationToken {
  readonly token: string;
  readonly uses: number;
  /** null: any number. */
  readonly usesMax: number | null;
  readonly expiresTs: number | null;
  readonly createdTs: number;
}

const SELECT_TOKEN = `SELECT token AS "token", uses AS "uses", uses_max AS "usesMax", expires_ts AS "expiresTs",
  created_ts AS "createdTs" FROM registration_tokens`;

const VALID = '(uses_max IS NULL OR uses < uses_max) AND (expires_ts IS NULL OR expires_ts > ?)';

export const isRegistrationTokenValid = async (tx: ReadTx, token: string, now: number): Promise<boolean> =>
  (await tx.get(`SELECT uses FROM registration_tokens WHERE token = ? AND ${VALID}`, token, now)) !== undefined;

export const findRegistrationToken = (tx: ReadTx, token: string): Promise<RegistrationToken | undefined> =>
  tx.get(`${SELECT_TOKEN} WHERE token = ?`, token);

export const listRegistrationTokens = (tx: ReadTx): Promise<RegistrationToken[]> =>
  tx.all(`${SELECT_TOKEN} ORDER BY token`);

/** Counts one use. Throws M_FORBIDDEN when none is left. */
export const spendRegistrationToken = async (tx: WriteTx, token: string, now: number): Promise<void> => {
  const spent = await tx.run(`UPDATE registration_tokens SET uses = uses + 1 WHERE token = ? AND ${VALID}`, token, now);
  if (spent === 0) throw forbidden('The registration token is not valid any more.');
};

/** False when the token exists. */
export const createRegistrationToken = writer(
  'createRegistrationToken',
  async (
    tx,
    args: { token: string; usesMax: number | null; expiresTs: number | null; now: number },
  ): Promise<boolean> => {
    const created = await tx.run(
      `INSERT INTO registration_tokens (token, uses_max, expires_ts, created_ts) VALUES (?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
      args.token,
      args.usesMax,
      args.expiresTs,
      args.now,
    );
    return created > 0;
  },
);

/** False when there is no such token. */
export const updateRegistrationToken = writer(
  'updateRegistrationToken',
  async (tx, args: { token: string; usesMax: number | null; expiresTs: number | null }): Promise<boolean> => {
    const changed = await tx.run(
      'UPDATE registration_tokens SET uses_max = ?, expires_ts = ? WHERE token = ?',
      args.usesMax,
      args.expiresTs,
      args.token,
    );
    return changed > 0;
  },
);

/** False when there was none. */
export const deleteRegistrationToken = writer(
  'deleteRegistrationToken',
  async (tx, token: string): Promise<boolean> =>
    (await tx.run('DELETE FROM registration_tokens WHERE token = ?', token)) > 0,
);
