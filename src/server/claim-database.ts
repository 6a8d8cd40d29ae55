// Ties a database to the name and key of its server, the first time it is used.

import { checkIdentity, type Identity } from '../identity/identity.ts';
import type { Database } from '../storage/database.ts';
import { recordIdentity, storedIdentity } from '../storage/stores/server-identity.ts';

/** A database made under another name or key is refused before anything is written to it. */
export async function claimDatabase(db: Database, identity: Identity): Promise<void> {
  const recorded = await db.read(storedIdentity);
  checkIdentity(identity, recorded);
  const { serverName, signingKey } = identity;
  if (recorded?.publicKey === signingKey.publicKey) return;
  await db.write(recordIdentity, { serverName, keyId: signingKey.keyId, publicKey: signingKey.publicKey });
}
