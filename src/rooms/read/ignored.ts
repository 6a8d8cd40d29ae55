// Whom a viewer ignores, asked inside an open read. Client-Server API, "Ignoring Users".

import { onUserChange } from '../../accounts/user-cache.ts';
import { LruCache } from '../../lib/lru-cache.ts';
import type { UserId } from '../../protocol/ids/branded.ts';
import type { Database, ReadTx } from '../../storage/database.ts';
import { ignoredUserIds } from '../../storage/stores/account-data.ts';

const USERS_MAX = 20_000;

export interface Ignored {
  /** The users whose events `user` does not want to see. */
  by(tx: ReadTx, user: number): Promise<ReadonlySet<UserId>>;
}

/** Most users ignore nobody, and share this. */
const nobody: ReadonlySet<UserId> = new Set();

const read = async (tx: ReadTx, user: number): Promise<ReadonlySet<UserId>> => {
  const ids = await ignoredUserIds(tx, user);
  return ids.length === 0 ? nobody : new Set(ids);
};

export const createIgnored = ({ db }: { db: Database }): Ignored => {
  const known = new LruCache<number, ReadonlySet<UserId>>(USERS_MAX);
  /** Users being read for the memory; a change meanwhile takes its entry out. */
  const reading = new Map<number, symbol>();
  onUserChange(db, (user) => {
    known.delete(user);
    reading.delete(user);
  });

  /** The open snapshot may be older than the latest change, so what is remembered is read in one of its own. */
  const remember = async (user: number): Promise<void> => {
    if (reading.has(user)) return;
    const mark = Symbol();
    reading.set(user, mark);
    try {
      const ids = await db.read((tx) => read(tx, user));
      if (reading.get(user) === mark) known.set(user, ids);
    } finally {
      if (reading.get(user) === mark) reading.delete(user);
    }
  };

  return {
    async by(tx, user) {
      const ids = known.get(user);
      if (ids) return ids;
      // Fails only as the read at hand fails, which its caller hears of.
      remember(user).catch(() => {});
      return read(tx, user);
    },
  };
};
