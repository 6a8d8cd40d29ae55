// Accounts that are made for others: by application services and administrators.

import type { Accounts } from '../accounts/accounts.ts';
import { missingParam } from '../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../protocol/events/json.ts';
import type { UserId } from '../protocol/ids/branded.ts';
import { localpartOf } from '../protocol/ids/id-parts.ts';
import { type Enter, plainAccount, type Registered, textOf } from './new-account.ts';
import type { Passwords } from './passwords.ts';

export interface ProvisioningDeps {
  readonly accounts: Accounts;
  readonly passwords: Passwords;
  readonly enter: Enter;
}

export const createProvisioning = ({ accounts, passwords, enter }: ProvisioningDeps) => ({
  /** Users in its namespaces, without interactive authentication. Throws M_EXCLUSIVE outside, M_USER_IN_USE. */
  async registerForAppservice(appservice: string, body: JsonObject): Promise<Registered> {
    const username = textOf(body, 'username') ?? textOf(body, 'user');
    if (username === undefined) throw missingParam('Missing from the body: username.');
    const userId = await accounts.freeUserId(username, appservice);
    const user = await accounts.createAccount({ ...plainAccount, userId, passwordHash: null, appservice });
    return enter(user, userId, body);
  },

  /** By an administrator: no policy, no flows; password undefined: none. Throws M_USER_IN_USE, M_INVALID_USERNAME. */
  async createUser(
    username: string,
    password: string | undefined,
    isAdmin: boolean,
  ): Promise<{ user: number; userId: UserId }> {
    const userId = await accounts.freeUserId(username);
    const passwordHash = password === undefined ? null : await passwords.hash(password);
    const displayname = localpartOf(userId);
    return {
      user: await accounts.createAccount({ ...plainAccount, userId, displayname, passwordHash, isAdmin }),
      userId,
    };
  },
});

export type Provisioning = ReturnType<typeof createProvisioning>;
