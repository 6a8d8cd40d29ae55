// Making an account for oneself, or a guest. Client-Server API, "Account registration" and "Guest Access".

import type { Accounts } from '../accounts/accounts.ts';
import type { Clock } from '../lib/clock.ts';
import { randomText } from '../lib/random.ts';
import { forbidden, missingParam } from '../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../protocol/events/json.ts';
import type { UserId } from '../protocol/ids/branded.ts';
import { localpartOf } from '../protocol/ids/id-parts.ts';
import type { Database } from '../storage/database.ts';
import { findAccount, upgradeGuest } from '../storage/stores/accounts.ts';
import { findSession } from '../storage/stores/session-tokens.ts';
import type { Interactive } from './interactive.ts';
import type { Flow } from './interactive-flows.ts';
import { type Enter, plainAccount, type Registered, textOf } from './new-account.ts';
import { checkPasswordPolicy, type PasswordPolicy } from './password-policy.ts';
import type { Passwords } from './passwords.ts';
import type { Origin } from './sessions.ts';
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
  readonly config: RegistrationConfig;
  readonly policy: PasswordPolicy;
  readonly accounts: Accounts;
  readonly passwords: Passwords;
  readonly interactive: Interactive;
  readonly enter: Enter;
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

/** What stands in the way of a new account. Empty: registration is closed. */
export const registrationFlows = ({ enabled, dummy, tokenRequired, terms }: RegistrationConfig): Flow[] => {
  if (!enabled) return [];
  const agreed = terms.length > 0 ? ['m.login.terms'] : [];
  if (dummy) return [[...agreed, 'm.login.dummy']];
  if (tokenRequired) return [['m.login.registration_token', ...agreed]];
  return agreed.length > 0 ? [agreed] : [];
};

type Guest = { readonly user: number; readonly userId: UserId };

/** The guest who becomes a user: "required to specify the username parameter to the value of the local part". */
const createFindGuest =
  ({ db, accounts }: RegistrationDeps) =>
  async (body: JsonObject): Promise<Guest | undefined> => {
    const token = textOf(body, 'guest_access_token');
    if (token === undefined) return undefined;
    const guest = await db.read(async (tx) => {
      const session = await findSession(tx, hashToken(token));
      return session?.isGuest === 1 ? findAccount(tx, session.userId) : undefined;
    });
    if (!guest) throw forbidden('The guest access token is not valid.');
    if (guest.userId !== `@${textOf(body, 'username')}:${accounts.serverName}`) {
      throw forbidden("The username must be the guest's.");
    }
    return guest;
  };

interface Wishes {
  /** undefined: any. */
  readonly userId: UserId | undefined;
  readonly guest: Guest | undefined;
}

export const createRegistration = (deps: RegistrationDeps) => {
  const { db, clock, config, policy, accounts, passwords, interactive, enter } = deps;
  const flows = registrationFlows(config);
  const findGuest = createFindGuest(deps);

  /** "Homeservers MUST perform the relevant checks and return these codes before performing User-Interactive Authentication". */
  const checked = async (body: JsonObject): Promise<Wishes> => {
    const password = textOf(body, 'password');
    if (password !== undefined) checkPasswordPolicy(password, policy);
    const guest = await findGuest(body);
    const username = textOf(body, 'username');
    if (guest || username === undefined) return { userId: guest?.userId, guest };
    return { userId: await accounts.freeUserId(username), guest };
  };

  const confirmed = (body: JsonObject) =>
    interactive.confirm({ operation: 'POST /register', owner: undefined, flows, body, mayChangeParameters: true });

  return {
    /** Whether people can make accounts for themselves. */
    isRegistrationOpen: flows.length > 0,

    /** Throws M_FORBIDDEN when registration is closed, the 401 of interactive authentication, M_USER_IN_USE and its kind. */
    async register(body: JsonObject, origin: Origin): Promise<Registered> {
      if (flows.length === 0) throw forbidden('Registration is closed on this server.');
      await checked(body);
      const { parameters, completed } = await confirmed(body);
      const password = textOf(parameters, 'password');
      if (password === undefined) throw missingParam('Missing from the body: password.');
      const wishes = await checked(parameters);
      const passwordHash = await passwords.hash(password);
      const registrationToken = completed['m.login.registration_token'] ?? null;
      const { guest } = wishes;
      if (guest) {
        const { user, userId } = guest;
        await db.write(upgradeGuest, { user, userId, passwordHash, registrationToken, now: clock.now() });
        return enter(user, userId, parameters, origin);
      }
      const userId = wishes.userId ?? (await accounts.freeUserId(randomText(12, LETTERS)));
      const termsVersion = completed['m.login.terms'] ?? null;
      const displayname = localpartOf(userId);
      const account = { ...plainAccount, userId, displayname, passwordHash, termsVersion, registrationToken };
      return enter(await accounts.createAccount(account), userId, parameters, origin);
    },

    /** "The server MUST pick a device_id", and everything but the device's name is ignored. Throws M_FORBIDDEN when switched off. */
    async registerGuest(body: JsonObject, origin: Origin): Promise<Registered> {
      if (!config.guests) throw forbidden('Guests are not allowed on this server.');
      const userId = await accounts.freeUserId(`guest-${randomText(16, LETTERS)}`);
      const user = await accounts.createAccount({ ...plainAccount, userId, passwordHash: null, isGuest: true });
      const name = textOf(body, 'initial_device_display_name');
      return enter(user, userId, name === undefined ? {} : { initial_device_display_name: name }, origin);
    },
  };
};
