// Whose database this is: the server name and signing key that it was last used with.

import type { ReadTx } from '../database.ts';
import { writer } from '../database.ts';

export interface StoredIdentity {
  readonly serverName: string;
  readonly keyId: string;
  /** Unpadded base64. */
  readonly publicKey: string;
}

/** undefined: the database is new. */
export const storedIdentity = (tx: ReadTx): Promise<StoredIdentity | undefined> =>
  tx.get<StoredIdentity>(
    `SELECT server_name AS "serverName", key_id AS "keyId", public_key AS "publicKey" FROM server_identity WHERE id = 1`,
  );

export const recordIdentity = writer('recordIdentity', async (tx, identity: StoredIdentity): Promise<void> => {
  await tx.run(
    `INSERT INTO server_identity (id, server_name, key_id, public_key) VALUES (1, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET server_name = excluded.server_name, key_id = excluded.key_id,
       public_key = excluded.public_key`,
    identity.serverName,
    identity.keyId,
    identity.publicKey,
  );
});
