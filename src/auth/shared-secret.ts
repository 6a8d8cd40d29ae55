// Registration with a secret that the server and an administrator's tool share, as existing tools do it:
// a nonce from the server, and an HMAC-SHA1 over nonce, name, password and role.

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Accounts } from '../accounts/accounts.ts';
import type { Clock } from '../lib/clock.ts';
import { randomToken } from '../lib/random.ts';
import { forbidden, unknownError } from '../protocol/errors/matrix-error.ts';
import type { Database } from '../storage/database.ts';
import { addShortToken, takeShortToken } from '../storage/stores/short-tokens.ts';
import type { Enter, Registered } from './new-account.ts';
import type { Provisioning } from './provisioning.ts';
import type { Origin } from './sessions.ts';
import { hashToken } from './tokens.ts';

const NONCE_LIFETIME_MS = 60_000;

export interface SharedSecretRequest {
  readonly nonce: string;
  readonly username: string;
  readonly password: string;
  /** Hexadecimal. */
  readonly mac: string;
  readonly admin?: boolean | undefined;
  readonly user_type?: string | undefined;
  readonly displayname?: string | undefined;
}

export interface SharedSecretDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly sharedSecret: string | undefined;
  readonly accounts: Accounts;
  readonly provisioning: Provisioning;
  readonly enter: Enter;
}

const isMacRight = (secret: string, request: SharedSecretRequest): boolean => {
  const { nonce, username, password, admin, user_type: type, mac } = request;
  const signed = [nonce, username, password, admin ? 'admin' : 'notadmin', ...(type ? [type] : [])].join('\0');
  const expected = createHmac('sha1', secret).update(signed).digest();
  const given = Buffer.from(mac, 'hex');
  return given.length === expected.length && timingSafeEqual(given, expected);
};

export const createSharedSecret = (deps: SharedSecretDeps) => {
  const { db, clock, accounts, provisioning, enter } = deps;
  const secretOf = (): string => {
    if (deps.sharedSecret === undefined) throw unknownError('Shared secret registration is not enabled.');
    return deps.sharedSecret;
  };

  return {
    /** For one registration within a minute. Throws M_UNKNOWN when there is no secret. */
    async newRegistrationNonce(): Promise<string> {
      secretOf();
      const nonce = randomToken(32);
      const now = clock.now();
      const token = { hash: hashToken(nonce), purpose: 'nonce', user: 0 } as const;
      await db.write(addShortToken, { ...token, expiresTs: now + NONCE_LIFETIME_MS, now });
      return nonce;
    },

    /** Throws M_FORBIDDEN for a wrong HMAC, M_UNKNOWN for a used nonce, M_USER_IN_USE, M_INVALID_USERNAME. */
    async registerWithSharedSecret(request: SharedSecretRequest, origin: Origin): Promise<Registered> {
      const secret = secretOf();
      const nonce = { hash: hashToken(request.nonce), purpose: 'nonce', now: clock.now() } as const;
      if ((await db.write(takeShortToken, nonce)) === undefined)
        throw unknownError('The nonce is unknown or was used.');
      if (!isMacRight(secret, request)) throw forbidden('HMAC incorrect');
      const { username, password, displayname } = request;
      const { user, userId } = await provisioning.createUser(username, password, request.admin === true);
      if (displayname) await accounts.putProfileField(user, userId, 'displayname', displayname);
      return enter(user, userId, {}, origin);
    },
  };
};
