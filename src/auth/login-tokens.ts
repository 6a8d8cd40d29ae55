// Tokens with which one more device logs in. Client-Server API, "POST /login/get_token".

import type { Clock } from '../lib/clock.ts';
import type { Database } from '../storage/database.ts';
import { addShortToken } from '../storage/stores/short-tokens.ts';
import { hashToken, newToken } from './tokens.ts';

/** "`120000` (2 minutes) is recommended as a default." */
const LIFETIME_MS = 120_000;

export const createLoginTokens = ({ db, clock }: { db: Database; clock: Clock }) => ({
  /** For one m.login.token login as this user. */
  async newLoginToken(user: number): Promise<{ login_token: string; expires_in_ms: number }> {
    const token = newToken('login');
    const now = clock.now();
    const expiresTs = now + LIFETIME_MS;
    await db.write(addShortToken, { hash: hashToken(token), purpose: 'login', user, expiresTs, now });
    return { login_token: token, expires_in_ms: LIFETIME_MS };
  },
});
