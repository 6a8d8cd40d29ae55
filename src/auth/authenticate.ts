// Who is behind an access token: the first step of nearly every request. Client-Server API, "Using access tokens".

import { onUserChange } from '../accounts/user-cache.ts';
import type { Caller } from '../http/inbound/endpoint.ts';
import type { Clock } from '../lib/clock.ts';
import { LruCache } from '../lib/lru-cache.ts';
import { unknownToken } from '../protocol/errors/matrix-error.ts';
import type { Database } from '../storage/database.ts';
import { findSession, type StoredSession, settleRefresh } from '../storage/stores/session-tokens.ts';
import { hashToken, tokenKey } from './tokens.ts';

const SESSIONS_MAX = 50_000;
/** No token of ours, nor of an application service, is longer. */
const TOKEN_LENGTH_MAX = 4096;

/** Shared by all remembered sessions of one user. */
interface Standing {
  isStale: boolean;
}

interface KnownSession {
  readonly caller: Caller;
  readonly expiresTs: number | null;
  readonly standing: Standing;
}

/** A read under way; users who changed meanwhile may have been read too early to be remembered. */
type Loading = Set<number>;

const callerOf = (session: StoredSession): Caller => ({
  userId: session.userId,
  user: session.user,
  deviceId: session.deviceId,
  device: session.device,
  session: session.device,
  isGuest: session.isGuest === 1,
  isAdmin: session.isAdmin === 1,
  ...(session.isLocked === 1 && { isLocked: true }),
  ...(session.isSuspended === 1 && { isSuspended: true }),
});

export const createAuthenticate = ({ db, clock }: { db: Database; clock: Clock }) => {
  const sessions = new LruCache<string, KnownSession>(SESSIONS_MAX);
  const standings = new Map<number, Standing>();
  const loadings = new Set<Loading>();

  onUserChange(db, (user) => {
    const standing = standings.get(user);
    if (standing) standing.isStale = true;
    standings.delete(user);
    for (const loading of loadings) loading.add(user);
  });

  const remember = (key: string, caller: Caller, expiresTs: number | null): void => {
    // Standings outlive sessions that fell out of the cache; starting over now and then bounds them.
    if (standings.size > 2 * SESSIONS_MAX) {
      sessions.clear();
      standings.clear();
    }
    const standing = standings.get(caller.user) ?? { isStale: false };
    standings.set(caller.user, standing);
    sessions.set(key, { caller, expiresTs, standing });
  };

  const checkExpiry = (expiresTs: number | null): void => {
    if (expiresTs !== null && expiresTs <= clock.now()) throw unknownToken('The access token has expired.', true);
  };

  const load = async (token: string, key: string, loading: Loading): Promise<Caller> => {
    const session = await db.read((tx) => findSession(tx, hashToken(token)));
    if (!session) throw unknownToken('The access token is not known.');
    checkExpiry(session.accessExpiresTs);
    if (session.predecessor !== null) await db.write(settleRefresh, session);
    const caller = callerOf(session);
    if (!loading.has(caller.user)) remember(key, caller, session.accessExpiresTs);
    return caller;
  };

  const loadOnce = async (token: string, key: string): Promise<Caller> => {
    const loading: Loading = new Set();
    loadings.add(loading);
    try {
      return await load(token, key, loading);
    } finally {
      loadings.delete(loading);
    }
  };

  return {
    /**
     * Throws M_UNKNOWN_TOKEN, with soft_logout when the token has expired. At once when the session is remembered. A token's
     * first use ends the pair of tokens that it was refreshed from.
     */
    authenticate(token: string): Caller | Promise<Caller> {
      if (token.length > TOKEN_LENGTH_MAX) throw unknownToken('The access token is not known.');
      const key = tokenKey(token);
      const known = sessions.get(key);
      if (!known || known.standing.isStale) return loadOnce(token, key);
      checkExpiry(known.expiresTs);
      return known.caller;
    },
  };
};
