// The part `auth`: login, interactive authentication, tokens, passwords, registration.

import type { Accounts } from '../accounts/accounts.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { ServerName } from '../protocol/ids/branded.ts';
import type { Database } from '../storage/database.ts';
import { findAccount } from '../storage/stores/accounts.ts';
import { isRegistrationTokenValid } from '../storage/stores/registration-tokens.ts';
import { findSession } from '../storage/stores/session-tokens.ts';
import { type AttemptsConfig, createAttempts } from './attempts.ts';
import { createAuthenticate } from './authenticate.ts';
import { createInteractive } from './interactive.ts';
import { createStages } from './interactive-stages.ts';
import { createLastSeen } from './last-seen.ts';
import { createLogin } from './login.ts';
import { createOpenid } from './openid.ts';
import { createOwnAccount } from './own-account.ts';
import type { PasswordPolicy } from './password-policy.ts';
import { createPasswords, type HashingConfig } from './passwords.ts';
import { createRegistration, type FindGuest, type RegistrationConfig, registrationFlows } from './registration.ts';
import { createSessions, type SessionsConfig } from './sessions.ts';
import { hashToken } from './tokens.ts';

export interface AuthConfig {
  readonly publicBaseUrl?: string | undefined;
  readonly registration: RegistrationConfig;
  readonly passwordPolicy: PasswordPolicy;
  readonly passwordHashing: HashingConfig;
  readonly sessions: SessionsConfig;
  readonly rateLimits: { readonly enabled: boolean; readonly login: AttemptsConfig };
}

export interface AuthDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly serverName: ServerName;
  readonly config: AuthConfig;
  readonly accounts: Accounts;
}

export const createAuth = ({ db, clock, log, serverName, config, accounts }: AuthDeps) => {
  const { publicBaseUrl, registration: registrationConfig, passwordPolicy: policy, rateLimits } = config;
  const passwords = createPasswords(config.passwordHashing);
  const isLimited = rateLimits.enabled && rateLimits.login.enabled;
  const attempts = createAttempts({ clock, config: { ...rateLimits.login, enabled: isLimited } });
  const sessions = createSessions({ db, clock, config: config.sessions });
  const { terms } = registrationConfig;
  const stages = createStages({ db, clock, serverName, passwords, attempts, terms });
  const interactive = createInteractive({ db, clock, stages });
  const login = createLogin({ db, clock, serverName, publicBaseUrl, accounts, passwords, attempts, sessions });

  const findGuest: FindGuest = (token) =>
    db.read(async (tx) => {
      const session = await findSession(tx, hashToken(token));
      return session?.isGuest === 1 ? findAccount(tx, session.userId) : undefined;
    });
  const registration = createRegistration(
    { db, clock, serverName, config: registrationConfig, policy, accounts, passwords, sessions, interactive },
    findGuest,
  );

  return {
    ...createAuthenticate({ db, clock }),
    ...createLastSeen({ db, clock, log }),
    ...sessions,
    ...login,
    ...registration,
    ...createOwnAccount({ db, accounts, interactive, passwords, policy, sessions }),
    ...createOpenid({ db, clock, serverName }),
    completeInBrowser: interactive.completeInBrowser,

    /** Whether users can make accounts, and guests. */
    isRegistrationOpen: registrationFlows(registrationConfig).length > 0,
    registrationTerms: terms,

    /** "a point-in-time check where the token might still expire by the time it is used" */
    isRegistrationTokenValid: (token: string): Promise<boolean> =>
      db.read((tx) => isRegistrationTokenValid(tx, token, clock.now())),
  };
};

export type Auth = ReturnType<typeof createAuth>;
