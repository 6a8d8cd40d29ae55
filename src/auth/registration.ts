// Making accounts: by their future users, as guests, by application services and with the shared secret.
// Client-Server API, "Account registration".

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Accounts } from '../accounts/accounts.ts';
import type { Clock } from '../lib/clock.ts';
import { randomText, randomToken } from '../lib/random.ts';
import { forbidden, missingParam, unknownError } from '../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../protocol/events/json.ts';
import type { ServerName, UserId } from '../protocol/ids/branded.ts';
import type { Database } from '../storage/database.ts';
import { upgradeGuest } from '../storage/stores/accounts.ts';
import { addShortToken, takeShortToken } from '../storage/stores/short-tokens.ts';
import type { Interactive } from './interactive.ts';
import type { Flow } from './interactive-flows.ts';
import { checkPasswordPolicy, type PasswordPolicy } from './password-policy.ts';
import type { Passwords } from './passwords.ts';
import type { IssuedTokens, Sessions } from './sessions.ts';
import type { Terms } from './terms.ts';
import { hashToken } from './tokens.ts';

export interface RegistrationConfig {
  readonly enabled: boolean;
  readonly dummy: boolean;
  readonly tokenRequired: boolean;
  readonly sharedSecret?: string | undefined;
  readonly guests: boolean;
  readonly terms: Terms;
}

export interface RegistrationDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly serverName: ServerName;
  readonly config: RegistrationConfig;
  readonly policy: PasswordPolicy;
  readonly accounts: Accounts;
  readonly passwords: Passwords;
  readonly sessions: Sessions;
  readonly interactive: Interactive;
}

/** The answer of /register. */
export type Registered = { readonly user_id: UserId; readonly home_server: ServerName } & Partial<
  IssuedTokens & { readonly device_id: string }
>;

const NONCE_LIFETIME_MS = 60_000;
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

const textOf = (body: JsonObject, name: string): string | undefined => {
  const value = body[name];
  return typeof value === 'string' ? value : undefined;
};

/** What stands in the way of a new account. Empty: registration is closed. */
export const registrationFlows = ({ enabled, dummy, tokenRequired, terms }: RegistrationConfig): Flow[] => {
  if (!enabled) return [];
  const agreed = terms.length > 0 ? ['m.login.terms'] : [];
  if (dummy) return [[...agreed, 'm.login.dummy']];
  if (tokenRequired) return [['m.login.registration_token', ...agreed]];
  return agreed.length > 0 ? [agreed] : [];
};

/** The account a guest asks to keep under `guest_access_token`: whose token it is, when they are a guest. */
export type FindGuest = (token: string) => Promise<{ user: number; userId: UserId } | undefined>;

export const createRegistration = (deps: RegistrationDeps, findGuest: FindGuest) => {
  const { db, clock, serverName, config, policy, accounts, passwords, sessions, interactive } = deps;
  const flows = registrationFlows(config);

  const entered = async (user: number, userId: UserId, body: JsonObject): Promise<Registered> => {
    const answer = { user_id: userId, home_server: serverName };
    if (body.inhibit_login === true) return answer;
    const session = await sessions.openSession(user, {
      deviceId: textOf(body, 'device_id'),
      displayName: textOf(body, 'initial_device_display_name'),
      refreshes: body.refresh_token === true,
    });
    return { ...answer, ...session };
  };

  /** The guest who becomes a user: "required to specify the username parameter to the value of the local part". */
  const guestOf = async (body: JsonObject): Promise<{ user: number; userId: UserId } | undefined> => {
    const token = textOf(body, 'guest_access_token');
    if (token === undefined) return undefined;
    const guest = await findGuest(token);
    if (!guest) throw forbidden('The guest access token is not valid.');
    if (guest.userId !== `@${textOf(body, 'username')}:${serverName}`) {
      throw forbidden("The username must be the guest's.");
    }
    return guest;
  };

  /** Throws what can be said before the account exists; "Homeservers MUST perform the relevant checks … before performing" UIA. */
  const checkWishes = async (body: JsonObject): Promise<UserId | undefined> => {
    const password = textOf(body, 'password');
    if (password !== undefined) checkPasswordPolicy(password, policy);
    const guest = await guestOf(body);
    const username = textOf(body, 'username');
    if (guest) return guest.userId;
    return username === undefined ? undefined : accounts.freeUserId(username);
  };

  return {
    /** Throws M_FORBIDDEN when registration is closed, the 401 of interactive authentication, M_USER_IN_USE and its kind. */
    async register(body: JsonObject): Promise<Registered> {
      if (flows.length === 0) throw forbidden('Registration is closed on this server.');
      await checkWishes(body);
      const { parameters, completed } = await interactive.confirm({
        operation: 'POST /register',
        owner: undefined,
        flows,
        body,
        mayChangeParameters: true,
      });
      const password = textOf(parameters, 'password');
      if (password === undefined) throw missingParam('Missing from the body: password.');
      const userId = (await checkWishes(parameters)) ?? (await accounts.freeUserId(randomText(12, LETTERS)));
      const passwordHash = await passwords.hash(password);
      const registrationToken = completed['m.login.registration_token'] ?? null;
      const guest = await guestOf(parameters);
      if (guest) {
        await db.write(upgradeGuest, { ...guest, passwordHash, registrationToken, now: clock.now() });
        return entered(guest.user, userId, parameters);
      }
      const user = await accounts.createAccount({
        userId,
        passwordHash,
        isGuest: false,
        isAdmin: false,
        appservice: null,
        termsVersion: completed['m.login.terms'] ?? null,
        registrationToken,
      });
      return entered(user, userId, parameters);
    },

    /** "The server MUST pick a device_id", and everything but the device's name is ignored. Throws M_FORBIDDEN when switched off. */
    async registerGuest(body: JsonObject): Promise<Registered> {
      if (!config.guests) throw forbidden('Guests are not allowed on this server.');
      const userId = await accounts.freeUserId(`guest-${randomText(16, LETTERS)}`);
      const user = await accounts.createAccount({ ...plainAccount, userId, passwordHash: null, isGuest: true });
      const name = body.initial_device_display_name;
      return entered(user, userId, typeof name === 'string' ? { initial_device_display_name: name } : {});
    },

    /** Application services make users in their namespaces, without interactive authentication. Throws M_EXCLUSIVE outside. */
    async registerForAppservice(appservice: string, body: JsonObject): Promise<Registered> {
      const username = textOf(body, 'username') ?? textOf(body, 'user');
      if (username === undefined) throw missingParam('Missing from the body: username.');
      const userId = await accounts.freeUserId(username, appservice);
      const user = await accounts.createAccount({ ...plainAccount, userId, passwordHash: null, appservice });
      return entered(user, userId, body);
    },

    /** Also for the command line: no policy, no flows. Throws M_USER_IN_USE, M_INVALID_USERNAME. */
    async createUser(username: string, password: string | undefined, isAdmin: boolean): Promise<UserId> {
      const userId = await accounts.freeUserId(username);
      const passwordHash = password === undefined ? null : await passwords.hash(password);
      await accounts.createAccount({ ...plainAccount, userId, passwordHash, isAdmin });
      return userId;
    },

    /** For one registration with the shared secret, within a minute. Throws M_UNKNOWN when there is no secret. */
    async newRegistrationNonce(): Promise<string> {
      if (config.sharedSecret === undefined) throw unknownError('Shared secret registration is not enabled.');
      const nonce = randomToken(32);
      const now = clock.now();
      await db.write(addShortToken, {
        hash: hashToken(nonce),
        purpose: 'nonce',
        user: 0,
        expiresTs: now + NONCE_LIFETIME_MS,
        now,
      });
      return nonce;
    },

    /** The HMAC-SHA1 over nonce, name, password and role proves the secret. Throws M_FORBIDDEN, M_UNKNOWN for a used nonce. */
    async registerWithSharedSecret(request: SharedSecretRequest): Promise<Registered> {
      const secret = config.sharedSecret;
      if (secret === undefined) throw unknownError('Shared secret registration is not enabled.');
      const nonce = { hash: hashToken(request.nonce), purpose: 'nonce', now: clock.now() } as const;
      if ((await db.write(takeShortToken, nonce)) === undefined)
        throw unknownError('The nonce is unknown or was used.');
      if (!isMacRight(secret, request)) throw forbidden('HMAC incorrect');
      const userId = await accounts.freeUserId(request.username);
      const passwordHash = await passwords.hash(request.password);
      const isAdmin = request.admin === true;
      const user = await accounts.createAccount({ ...plainAccount, userId, passwordHash, isAdmin });
      if (request.displayname) await accounts.putProfileField(user, userId, 'displayname', request.displayname);
      return entered(user, userId, {});
    },
  };
};

const plainAccount = {
  isGuest: false,
  isAdmin: false,
  appservice: null,
  termsVersion: null,
  registrationToken: null,
} as const;

/** The body of POST /_synapse/admin/v1/register, as existing tools send it. */
export interface SharedSecretRequest {
  readonly nonce: string;
  readonly username: string;
  readonly password: string;
  readonly mac: string;
  readonly admin?: boolean | undefined;
  readonly user_type?: string | undefined;
  readonly displayname?: string | undefined;
}

const isMacRight = (secret: string, request: SharedSecretRequest): boolean => {
  const { nonce, username, password, admin, user_type: type, mac } = request;
  const signed = [nonce, username, password, admin ? 'admin' : 'notadmin', ...(type ? [type] : [])].join('\0');
  const expected = createHmac('sha1', secret).update(signed).digest();
  const given = Buffer.from(mac, 'hex');
  return given.length === expected.length && timingSafeEqual(given, expected);
};

export type Registration = ReturnType<typeof createRegistration>;
