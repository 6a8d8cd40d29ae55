// The part `accounts`: users, devices, profiles, account data, filters and the user directory.

import { createAccountData } from './account-data.ts';
import type { AccountsDeps } from './deps.ts';
import { createDevices } from './devices.ts';
import { createDirectory } from './directory.ts';
import { createFilters } from './filters.ts';
import { createIgnoredUsers } from './ignored-users.ts';
import { createProfiles } from './profiles.ts';
import { createUsers } from './users.ts';

export const createAccounts = (deps: AccountsDeps) => ({
  ...createUsers(deps),
  ...createDevices(deps),
  ...createProfiles(deps),
  ...createAccountData(deps),
  ...createIgnoredUsers(deps),
  ...createFilters(deps),
  ...createDirectory(deps),
});

export type Accounts = ReturnType<typeof createAccounts>;
