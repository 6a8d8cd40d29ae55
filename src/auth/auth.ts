// The part `auth`: login, interactive authentication, tokens, passwords, registration.

import type { Accounts } from '../accounts/accounts.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { ServerName } from '../protocol/ids/branded.ts';
import type { Database } from '../storage/database.ts';
import { isRegistrationTokenValid } from '../storage/stores/registration-tokens.ts';
import { type AttemptsConfig, createAttempts } from './attempts.ts';
import { createAuthenticate } from './authenticate.ts';
import { createInteractive } from './interactive.ts';
import { createStages } from './interactive-stages.ts';
import { createLastSeen } from './last-seen.ts';
import { createLogin } from './login.ts';
import { createLoginTokens } from './login-tokens.ts';
import { createEnter } from './new-account.ts';
import { createOpenid } from './openid.ts';
import { createOwnAccount } from './own-account.ts';
import type { PasswordPolicy } from './password-policy.ts';
import { createPasswords, type HashingConfig } from './passwords.ts';
import { createProvisioning } from './provisioning.ts';
import { createRegistration, type RegistrationConfig } from './registration.ts';
import { createSessions, type SessionsConfig } from './sessions.ts';
import { createSharedSecret } from './shared-secret.ts';
import { createTurn, type TurnConfig } from './turn.ts';

export interface AuthConfig {
  readonly publicBaseUrl?: string | undefined;
  readonly registration: RegistrationConfig;
  readonly passwordPolicy: PasswordPolicy;
  readonly passwordHashing: HashingConfig;
  readonly sessions: SessionsConfig;
  readonly turn?: TurnConfig | undefined;
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
  const { publicBaseUrl, passwordPolicy: policy, rateLimits } = config;
  const passwords = createPasswords(config.passwordHashing);
  const isLimited = rateLimits.enabled && rateLimits.login.enabled;
  const attempts = createAttempts({ clock, config: { ...rateLimits.login, enabled: isLimited } });
  const sessions = createSessions({ db, clock, config: config.sessions });
  const { terms } = config.registration;
  const stages = createStages({ db, clock, serverName, passwords, attempts, terms });
  const interactive = createInteractive({ db, clock, stages });
  const login = createLogin({ db, clock, serverName, publicBaseUrl, accounts, passwords, attempts, sessions });

  const enter = createEnter({ serverName, sessions });
  const provisioning = createProvisioning({ accounts, passwords, enter });
  const { sharedSecret } = config.registration;

  return {
    ...createAuthenticate({ db, clock }),
    ...createLastSeen({ db, clock, log }),
    ...sessions,
    ...login,
    ...createLoginTokens({ db, clock }),
    ...provisioning,
    ...createRegistration({ db, clock, config: config.registration, policy, accounts, passwords, interactive, enter }),
    ...createSharedSecret({ db, clock, sharedSecret, accounts, provisioning, enter }),
    ...createOwnAccount({ db, accounts, interactive, passwords, policy, sessions }),
    ...createOpenid({ db, clock, serverName }),
    ...createTurn({ clock, config: config.turn }),
    completeInBrowser: interactive.completeInBrowser,
    registrationTerms: terms,

    /** "a point-in-time check where the token might still expire by the time it is used" */
    isRegistrationTokenValid: (token: string): Promise<boolean> =>
      db.read((tx) => isRegistrationTokenValid(tx, token, clock.now())),
  };
};

export type Auth = ReturnType<typeof createAuth>;
