// The parts accounts and auth on a database of their own, behind their real endpoints, with a clock that tests turn.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Accounts, createAccounts } from '../../src/accounts/accounts.ts';
import type { AccountPorts } from '../../src/accounts/ports.ts';
import { type Auth, type AuthConfig, createAuth } from '../../src/auth/auth.ts';
import { silentLog } from '../../src/lib/log.ts';
import { type ManualClock, manualClock } from '../../src/lib/manual-clock.ts';
import type { ServerName, UserId } from '../../src/protocol/ids/branded.ts';
import { accountEndpoints } from '../../src/server/endpoints/accounts.ts';
import type { Database } from '../../src/storage/database.ts';
import { openSqlite } from '../../src/storage/sqlite/open-sqlite.ts';
import { type Reply, startEdge } from './edge.ts';
import { openLocalSqlite } from './local-sqlite.ts';
import { checkAgainstSpec } from './spec-schemas.ts';

export const serverName = 'here.test' as ServerName;

/** Hashing so weak that tests are quick. */
const hashing = { memoryKib: 64, passes: 1, parallelism: 1, concurrencyMax: 2 };
const anyPassword = { requireDigit: false, requireSymbol: false, requireUppercase: false, requireLowercase: false };

export const testAuthConfig: AuthConfig = {
  registration: { enabled: true, dummy: true, tokenRequired: false, sharedSecret: 'shared', guests: true, terms: [] },
  passwordPolicy: { minimumLength: 4, ...anyPassword },
  passwordHashing: hashing,
  sessions: { accessTokenLifetimeMs: 60_000, refreshTokenLifetimeMs: 0, inactiveSessionLifetimeMs: 0 },
  rateLimits: { enabled: false, login: { enabled: true, perSecond: 0.1, burst: 3 } },
};

export interface PortCalls {
  readonly propagated: UserId[];
  readonly departed: UserId[];
}

export interface AccountsUnderTest extends AsyncDisposable {
  readonly db: Database;
  readonly clock: ManualClock;
  readonly accounts: Accounts;
  readonly auth: Auth;
  readonly calls: PortCalls;
  ask(method: string, path: string, body?: object, token?: string): Promise<Reply>;
  /** Sends an HTML form. */
  askForm(path: string, fields: URLSearchParams): Promise<Reply>;
  /** Registers with m.login.dummy and the password `password`; the answer. */
  register(username: string, body?: object): Promise<{ user_id: UserId; access_token: string; device_id: string }>;
}

export interface AccountsOptions {
  readonly config?: Partial<AuthConfig>;
  readonly ports?: Partial<AccountPorts>;
  /** URLs of modules with writers that no store exports. */
  readonly writerModules?: readonly string[];
}

export const openAccounts = async (options: AccountsOptions = {}): Promise<AccountsUnderTest> => {
  await using stack = new AsyncDisposableStack();
  const directory = mkdtempSync(join(tmpdir(), 'kintsugi-accounts-'));
  stack.defer(() => rmSync(directory, { recursive: true, force: true }));
  const { writerModules } = options;
  const db = stack.use(
    writerModules ? await openSqlite({ directory, writerModules }) : await openLocalSqlite(directory),
  );
  const clock = manualClock();
  const calls: PortCalls = { propagated: [], departed: [] };
  const ports: AccountPorts = {
    exclusiveOwnerOf: () => undefined,
    covers: () => false,
    propagateProfile: async (_user, userId) => void calls.propagated.push(userId),
    leaveEverything: async (_user, userId) => void calls.departed.push(userId),
    openRooms: async () => new Set(),
    queryProfile: async () => undefined,
    ...options.ports,
  };
  const accounts = createAccounts({ db, clock, log: silentLog, serverName, ports });
  const config = { ...testAuthConfig, ...options.config };
  const auth = createAuth({ db, clock, log: silentLog, serverName, config, accounts });
  const parts = { accounts, auth, config: { rooms: { defaultVersion: '12' } } };
  const edge = stack.use(await startEdge(accountEndpoints as never, { parts, authenticator: auth, clock }));

  const ask: AccountsUnderTest['ask'] = async (method, path, body, token) => {
    const text = body && JSON.stringify(body);
    // Without a length node sends no framing for the body of a DELETE.
    const framing = text && { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(text)) };
    const headers = { ...framing, ...(token && { Authorization: `Bearer ${token}` }) };
    const reply = await edge.ask(method, path, { headers, ...(text && { body: text }) });
    // The fallback pages and the shared secret's endpoint stand outside of the specification's schemas.
    if (path.startsWith('/_matrix/') && String(reply.headers['content-type']).startsWith('application/json')) {
      const violations = checkAgainstSpec(method, path.split('?')[0]!, reply.status, reply.json);
      if (violations.length > 0) throw new Error(`${method} ${path} ${reply.status}: ${violations.join('; ')}`);
    }
    return reply;
  };
  const owned = stack.move();
  return {
    db,
    clock,
    accounts,
    auth,
    calls,
    ask,
    askForm: (path, fields) =>
      edge.ask('POST', path, {
        body: fields.toString(),
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      }),
    async register(username, body = {}) {
      const request = { username, password: 'password', auth: { type: 'm.login.dummy' }, ...body };
      const reply = await ask('POST', '/_matrix/client/v3/register', request);
      if (reply.status !== 200) throw new Error(`register: ${reply.status} ${reply.text}`);
      return reply.json as never;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};
