// Opens the accounts of the configured server for one command. An embedded database can be open in one program alone.

import { type Accounts, createAccounts } from '../accounts/accounts.ts';
import { type Auth, createAuth } from '../auth/auth.ts';
import { loadIdentity } from '../identity/identity.ts';
import { systemClock } from '../lib/clock.ts';
import { createLog } from '../lib/log.ts';
import { parseServerName } from '../protocol/ids/server-name.ts';
import { accountPorts } from '../server/account-ports.ts';
import { claimDatabase } from '../server/claim-database.ts';
import { openDatabase } from '../storage/open-database.ts';
import { configFrom, type FlagValues } from './config-flags.ts';

export interface AccountParts {
  readonly accounts: Accounts;
  readonly auth: Auth;
}

/** Throws errors with a `remedy` when the database cannot be opened, e.g. while the server runs on it. */
export async function withAccounts<T>(values: FlagValues, work: (parts: AccountParts) => Promise<T>): Promise<T> {
  const { config } = configFrom(values);
  const clock = systemClock;
  const log = createLog({ ...config.logging, level: 'error' });
  const serverName = parseServerName(config.serverName);
  const identity = await loadIdentity(config.dataDirectory, serverName, clock);
  await using db = await openDatabase({ database: config.database, directory: config.dataDirectory });
  await claimDatabase(db, identity);
  const accounts = createAccounts({ db, clock, log, serverName, ports: accountPorts() });
  const auth = createAuth({ db, clock, log, serverName, config, accounts });
  return await work({ accounts, auth });
}
