// Logging in. Client-Server API, "Login" of the legacy API.

import type { Accounts } from '../accounts/accounts.ts';
import type { Caller } from '../http/inbound/endpoint.ts';
import type { Clock } from '../lib/clock.ts';
import {
  badJson,
  exclusive,
  forbidden,
  missingParam,
  unknownError,
  userLocked,
} from '../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../protocol/events/json.ts';
import type { ServerName, UserId } from '../protocol/ids/branded.ts';
import type { Database } from '../storage/database.ts';
import { type StoredAccount, setPasswordHash } from '../storage/stores/accounts.ts';
import { takeShortToken } from '../storage/stores/short-tokens.ts';
import type { Attempts } from './attempts.ts';
import { namedUser } from './interactive-stages.ts';
import type { Passwords } from './passwords.ts';
import type { IssuedTokens, Origin, Sessions } from './sessions.ts';
import { hashToken } from './tokens.ts';

export interface LoginDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly serverName: ServerName;
  /** Told to clients that log in; undefined: not known. */
  readonly publicBaseUrl: string | undefined;
  readonly accounts: Accounts;
  readonly passwords: Passwords;
  readonly attempts: Attempts;
  readonly sessions: Sessions;
}

export interface LoggedIn extends IssuedTokens {
  readonly user_id: UserId;
  readonly device_id: string;
  readonly home_server: ServerName;
  readonly well_known?: { readonly 'm.homeserver': { readonly base_url: string } };
}

const optionalText = (body: JsonObject, name: string): string | undefined => {
  const value = body[name];
  if (value !== undefined && value !== null && typeof value !== 'string') throw badJson(`${name} must be a string.`);
  return value ?? undefined;
};

const requiredText = (body: JsonObject, name: string): string => {
  const value = optionalText(body, name);
  if (value === undefined) throw missingParam(`Missing from the body: ${name}.`);
  return value;
};

export const createLogin = (deps: LoginDeps) => {
  const { db, clock, serverName, publicBaseUrl, accounts, passwords, attempts, sessions } = deps;

  /** The same answer for a wrong password and a user who does not exist, after the same time. */
  const byPassword = async (body: JsonObject): Promise<StoredAccount> => {
    const password = requiredText(body, 'password');
    if (!body.identifier && body.user === undefined && body.medium === undefined) {
      throw missingParam('Missing from the body: identifier.');
    }
    const named = namedUser(body);
    // "In the case that the homeserver does not know about the supplied 3PID, the homeserver must respond with 403".
    const account = named === undefined ? undefined : await accounts.accountNamed(named);
    const isRight = await attempts.attempt(account?.userId ?? `unknown:${named}`, () =>
      passwords.verify(password, account?.passwordHash),
    );
    if (!isRight || !account) throw forbidden('Invalid username or password');
    if (passwords.isStale(account.passwordHash!)) {
      await db.write(setPasswordHash, { user: account.user, passwordHash: await passwords.hash(password) });
    }
    return account;
  };

  const byToken = async (body: JsonObject): Promise<StoredAccount> => {
    const hash = hashToken(requiredText(body, 'token'));
    const user = await db.write(takeShortToken, { hash, purpose: 'login', now: clock.now() });
    const account = user === undefined ? undefined : await accounts.accountOf(user);
    if (!account || account.deactivatedTs !== null) throw forbidden('Invalid login token');
    return account;
  };

  /** "This request must be authenticated by the appservice as_token". */
  const byAppservice = async (body: JsonObject, caller: Caller | undefined): Promise<StoredAccount> => {
    if (caller?.appservice === undefined) throw forbidden("An application service's token is required.");
    const named = namedUser(body);
    const account = named === undefined ? undefined : await accounts.accountNamed(named);
    if (!account || account.deactivatedTs !== null) throw forbidden('The user is not registered.');
    // "the user id does not lie within its namespace then the homeserver will respond with an errcode of M_EXCLUSIVE"
    if (!accounts.isCovered(caller.appservice, account.userId)) {
      throw exclusive('The user does not lie in the namespaces of the application service.');
    }
    return account;
  };

  const identified = (body: JsonObject, caller: Caller | undefined): Promise<StoredAccount> => {
    switch (requiredText(body, 'type')) {
      case 'm.login.password':
        return byPassword(body);
      case 'm.login.token':
        return byToken(body);
      case 'm.login.application_service':
        return byAppservice(body, caller);
      default:
        throw unknownError('Bad login type.');
    }
  };

  return {
    /** Throws M_FORBIDDEN, M_LIMIT_EXCEEDED after too many failures, M_USER_LOCKED. */
    async login(body: JsonObject, caller: Caller | undefined, origin: Origin): Promise<LoggedIn> {
      const account = await identified(body, caller);
      if (account.isLocked) throw userLocked('This account is locked.');
      const session = await sessions.openSession(account.user, {
        deviceId: optionalText(body, 'device_id'),
        displayName: optionalText(body, 'initial_device_display_name'),
        refreshes: body.refresh_token === true,
        origin: caller?.appservice === undefined ? origin : undefined,
      });
      return {
        user_id: account.userId,
        ...session,
        home_server: serverName,
        ...(publicBaseUrl !== undefined && { well_known: { 'm.homeserver': { base_url: publicBaseUrl } } }),
      };
    },
  };
};
