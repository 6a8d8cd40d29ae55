// What is remembered of users until anything of theirs changes, in this process or (through commits) in another.

import { LruCache } from '../lib/lru-cache.ts';
import type { Database } from '../storage/database.ts';

/** Calls `forget` with each user whose own data changed, once the change is on disk and before its writer is answered. */
export const onUserChange = (db: Database, forget: (user: number) => void): void =>
  db.onCommit((commit) => {
    for (const { audience } of commit.changes) if ('user' in audience) forget(audience.user);
  });

/** `load` reads a user's value afresh; at most `sizeMax` users are remembered. */
export const createUserCache = <V extends object>(
  db: Database,
  sizeMax: number,
  load: (user: number) => Promise<V>,
): ((user: number) => Promise<V>) => {
  const values = new LruCache<number, V>(sizeMax);
  /** Users being loaded, with everybody who waits. A change while loading takes its entry out, so that it is not remembered. */
  const loading = new Map<number, Promise<V>>();
  onUserChange(db, (user) => {
    values.delete(user);
    loading.delete(user);
  });
  return (user) => {
    const known = values.get(user);
    if (known) return Promise.resolve(known);
    const started = loading.get(user);
    if (started) return started;
    const fresh = load(user).then(
      (value) => {
        if (loading.get(user) === fresh) {
          loading.delete(user);
          values.set(user, value);
        }
        return value;
      },
      (error: unknown) => {
        if (loading.get(user) === fresh) loading.delete(user);
        throw error;
      },
    );
    loading.set(user, fresh);
    return fresh;
  };
};
