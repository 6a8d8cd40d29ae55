// Tokens with which users prove who they are to other services. Client-Server API, "OpenID".

import type { Clock } from '../lib/clock.ts';
import { unknownToken } from '../protocol/errors/matrix-error.ts';
import type { ServerName, UserId } from '../protocol/ids/branded.ts';
import type { Database } from '../storage/database.ts';
import { addShortToken, openidTokenUser } from '../storage/stores/short-tokens.ts';
import { hashToken, newToken } from './tokens.ts';

const LIFETIME_SECONDS = 3600;

export interface OpenidToken {
  readonly access_token: string;
  readonly token_type: 'Bearer';
  readonly matrix_server_name: ServerName;
  /** Seconds. */
  readonly expires_in: number;
}

export const createOpenid = ({ db, clock, serverName }: { db: Database; clock: Clock; serverName: ServerName }) => ({
  async newOpenidToken(user: number): Promise<OpenidToken> {
    const token = newToken('openid');
    const now = clock.now();
    const expiresTs = now + LIFETIME_SECONDS * 1000;
    await db.write(addShortToken, { hash: hashToken(token), purpose: 'openid', user, expiresTs, now });
    return { access_token: token, token_type: 'Bearer', matrix_server_name: serverName, expires_in: LIFETIME_SECONDS };
  },

  /** Throws M_UNKNOWN_TOKEN. */
  async openidUser(token: string): Promise<UserId> {
    const userId = await db.read((tx) => openidTokenUser(tx, hashToken(token), clock.now()));
    if (userId === undefined) throw unknownToken('The token is unknown or has expired.');
    return userId;
  },
});
