// Keys that were refused because another was known under their id, and the operator's word that one of them is right.

import type { ServerName } from '../../protocol/ids/branded.ts';
import type { ReadTx } from '../database.ts';
import { writer } from '../database.ts';

export interface StoredKeyConflict {
  readonly serverName: ServerName;
  readonly keyId: string;
  readonly keptPublicKey: string;
  readonly refusedPublicKey: string;
  /** The server that last said so. */
  readonly source: ServerName;
  readonly firstSeenTs: number;
  readonly lastSeenTs: number;
  readonly times: number;
}

const SELECT_CONFLICT = `SELECT c.server_name AS "serverName", c.key_id AS "keyId", k.public_key AS "keptPublicKey",
  c.public_key AS "refusedPublicKey", c.source AS "source", c.first_seen_ts AS "firstSeenTs",
  c.last_seen_ts AS "lastSeenTs", c.times AS "times"
  FROM server_key_conflicts c JOIN server_keys k ON k.server_name = c.server_name AND k.key_id = c.key_id`;

/** By server and key id. */
export const keyConflictsOf = (tx: ReadTx, serverName: ServerName): Promise<StoredKeyConflict[]> =>
  tx.all(`${SELECT_CONFLICT} WHERE c.server_name = ? ORDER BY c.key_id, c.public_key`, serverName);

export const listKeyConflicts = (tx: ReadTx, limit: number): Promise<StoredKeyConflict[]> =>
  tx.all(`${SELECT_CONFLICT} ORDER BY c.last_seen_ts DESC, c.server_name, c.key_id, c.public_key LIMIT ?`, limit);

export const countKeyConflicts = async (tx: ReadTx): Promise<number> =>
  (await tx.get<{ count: number }>('SELECT count(*) AS "count" FROM server_key_conflicts'))?.count ?? 0;

/**
 * From now on the refused key is the known one, good from its next publication on. False when it was not refused before:
 * only a key that was really seen can be taken.
 */
export const acceptServerKey = writer(
  'acceptServerKey',
  async (tx, args: { serverName: ServerName; keyId: string; publicKey: string }): Promise<boolean> => {
    const { serverName, keyId, publicKey } = args;
    const refused = await tx.run(
      'DELETE FROM server_key_conflicts WHERE server_name = ? AND key_id = ? AND public_key = ?',
      serverName,
      keyId,
      publicKey,
    );
    if (refused === 0) return false;
    await tx.run(
      `UPDATE server_keys SET public_key = ?, valid_until_ts = 0, expired_ts = NULL, document = NULL
       WHERE server_name = ? AND key_id = ?`,
      publicKey,
      serverName,
      keyId,
    );
    return true;
  },
);
