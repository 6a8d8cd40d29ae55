// The keys that are known: in memory, behind that in the database. New documents come in through `learn`, which keeps the
// first key seen under an id and raises an alarm about any other.

import type { Log } from '../../lib/log.ts';
import { LruCache } from '../../lib/lru-cache.ts';
import { slicesOf } from '../../lib/slices-of.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import type { Database } from '../../storage/database.ts';
import {
  type SeenKeyDocument,
  type StoredServerKey,
  saveServerKeys,
  serverKeysOf,
  serverKeysOfAll,
} from '../../storage/stores/server-keys.ts';
import { isGoodAt, type KeyWanted, type VerifyKey } from './verify-key.ts';

const KEYS_MAX = 50_000;
const SERVERS_OF_READ_MAX = 1000;
const SAVED_AT_ONCE_MAX = 100;

const entryOf = (server: ServerName, keyId: string): string => `${server} ${keyId}`;

export interface KnownKeysDeps {
  readonly db: Database;
  readonly log: Log;
}

export function createKnownKeys({ db, log }: KnownKeysDeps) {
  const keys = new LruCache<string, VerifyKey>(KEYS_MAX);
  let refusedCount = 0;

  const keep = ({ serverName, keyId, publicKey, validUntilTs, expiredTs }: StoredServerKey): void =>
    keys.set(entryOf(serverName, keyId), { publicKey, validUntilTs, expiredTs });

  return {
    /** In memory. */
    find: (server: ServerName, keyId: string): VerifyKey | undefined => keys.get(entryOf(server, keyId)),

    /** Whether the key is known and good for that time: a further document is not needed. */
    isSettled({ server, keyId, atTs }: KeyWanted): boolean {
      const key = keys.get(entryOf(server, keyId));
      return key !== undefined && isGoodAt(key, atTs);
    },

    /** Reads the servers' keys into memory. */
    async load(servers: readonly ServerName[]): Promise<void> {
      for (const some of slicesOf(servers, SERVERS_OF_READ_MAX)) {
        for (const key of await db.read((tx) => serverKeysOfAll(tx, some))) keep(key);
      }
    },

    /** From the database. */
    async allOf(server: ServerName): Promise<{ keyId: string; key: VerifyKey }[]> {
      const stored = await db.read((tx) => serverKeysOf(tx, server));
      return stored.map(({ keyId, publicKey, validUntilTs, expiredTs }) => ({
        keyId,
        key: { publicKey, validUntilTs, expiredTs },
      }));
    },

    /** `documents` are verified. */
    async learn(documents: readonly SeenKeyDocument[]): Promise<void> {
      for (const some of slicesOf(documents, SAVED_AT_ONCE_MAX)) {
        const saved = await db.write(saveServerKeys, some);
        for (const key of saved.keys) keep(key);
        for (const { serverName, keyId, publicKey, keptPublicKey, source, isKnown } of saved.refused) {
          refusedCount += 1;
          const fields = { server: serverName, keyId, refusedKey: publicKey, keptKey: keptPublicKey, source };
          if (isKnown) log.debug(fields, 'A key was refused again.');
          else {
            log.error(
              fields,
              'ALARM: another signing key was seen under a known id, and refused. Either somebody else answers for that ' +
                'server, or its operator lost the key. Ask them; if the new key is theirs: kintsugi federation accept-key.',
            );
          }
        }
      }
    },

    forget: (server: ServerName, keyId: string): void => void keys.delete(entryOf(server, keyId)),

    /** Keys refused since the start. */
    refusedCount: (): number => refusedCount,
  };
}

export type KnownKeys = ReturnType<typeof createKnownKeys>;
