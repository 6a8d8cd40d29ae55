// What users do with their own account once they have confirmed it is them: password, devices, the end.
// Client-Server API, "Account management" of the legacy API.

import type { Accounts } from '../accounts/accounts.ts';
import type { Caller } from '../http/inbound/endpoint.ts';
import { missingParam } from '../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../protocol/events/json.ts';
import type { Database } from '../storage/database.ts';
import { setPasswordHash } from '../storage/stores/accounts.ts';
import type { Interactive } from './interactive.ts';
import { checkPasswordPolicy, type PasswordPolicy } from './password-policy.ts';
import type { Passwords } from './passwords.ts';
import type { Sessions } from './sessions.ts';

export interface OwnAccountDeps {
  readonly db: Database;
  readonly accounts: Accounts;
  readonly interactive: Interactive;
  readonly passwords: Passwords;
  readonly policy: PasswordPolicy;
  readonly sessions: Sessions;
}

export const createOwnAccount = (deps: OwnAccountDeps) => {
  const { db, accounts, interactive, passwords, policy, sessions } = deps;

  /**
   * The body without `auth` once the caller has proved that they are the account's owner, by password where there is one.
   * Application services are believed. Throws the 401 of interactive authentication.
   */
  const confirmOwner = async (caller: Caller, operation: string, body: JsonObject): Promise<JsonObject> => {
    if (caller.appservice !== undefined) {
      const { auth: _, ...parameters } = body;
      return parameters;
    }
    const account = await accounts.accountOf(caller.user);
    const flows = [[account?.passwordHash ? 'm.login.password' : 'm.login.dummy']];
    return (await interactive.confirm({ operation, owner: caller, flows, body })).parameters;
  };

  const newPassword = (body: JsonObject): string => {
    const password = body.new_password;
    if (typeof password !== 'string') throw missingParam('Missing from the body: new_password.');
    checkPasswordPolicy(password, policy);
    return password;
  };

  return {
    confirmOwner,

    /** "Whether the user's other access tokens, and their associated devices, should be revoked … Defaults to true." */
    async changePassword(caller: Caller, body: JsonObject): Promise<void> {
      // A request with nothing but `auth` continues one whose password was checked before.
      if (body.new_password !== undefined) newPassword(body);
      const parameters = await confirmOwner(caller, 'POST /account/password', body);
      const passwordHash = await passwords.hash(newPassword(parameters));
      await db.write(setPasswordHash, { user: caller.user, passwordHash });
      if (parameters.logout_devices !== false) await sessions.logoutAll(caller.user, caller.deviceId);
    },

    /** By an administrator, on the command line or over the API: no policy. Ends all sessions if asked to. */
    async resetPassword(user: number, password: string, endSessions: boolean): Promise<void> {
      await db.write(setPasswordHash, { user, passwordHash: await passwords.hash(password) });
      if (endSessions) await sessions.logoutAll(user);
    },

    async deactivateOwn(caller: Caller, body: JsonObject): Promise<void> {
      const parameters = await confirmOwner(caller, 'POST /account/deactivate', body);
      await accounts.deactivate(caller.user, caller.userId, parameters.erase === true);
    },
  };
};
