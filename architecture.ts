// The ordered list of parts under src/. Each part imports only parts that stand above it.
// The architecture test, docs/architecture.md and its diagram read this list.

export interface Part {
  readonly name: string;
  readonly purpose: string;
}

export const parts: readonly Part[] = [
  { name: 'lib', purpose: 'No Matrix words: clock, random, keyed lock, bounded queue, lru, log, metrics.' },
  {
    name: 'protocol',
    purpose: 'Pure Matrix: ids, errors, canonical JSON, events, room versions, auth rules, state resolution.',
  },
  { name: 'config', purpose: 'Schema, defaults and loading; the only reader of environment and config files.' },
  { name: 'storage', purpose: 'The only SQL: database, dialects, migrations, stores.' },
  { name: 'http', purpose: 'inbound: endpoint, router, limits, error rendering. outbound: the only fetch.' },
  { name: 'stream', purpose: 'The ordered log of what happened: positions, waiters, consumer cursors.' },
  { name: 'identity', purpose: "This server's signing keys: outside the database, key log, continuity checks." },
  { name: 'peers', purpose: 'Other servers: discovery, key ring, signed calls, back-off, health ledger.' },
  { name: 'accounts', purpose: 'Users, devices, profiles, account data, filters, id namespaces.' },
  { name: 'auth', purpose: 'Login, interactive authentication, tokens, passwords.' },
  { name: 'rooms', purpose: 'The room engine; the only writer of events; never networks.' },
  { name: 'e2ee', purpose: 'Device keys, one-time keys, cross-signing, key backup, to-device.' },
  { name: 'media', purpose: 'Content-addressed files, thumbnails, quotas.' },
  { name: 'ephemeral', purpose: 'Typing, receipts, presence.' },
  { name: 'push', purpose: 'Push rules of accounts, unread counts, pushers.' },
  { name: 'appservices', purpose: 'Application services: registrations, namespaces, ordered transactions.' },
  { name: 'federation', purpose: 'Inbound and outbound transactions, handshakes, backfill.' },
  { name: 'membership', purpose: 'Join, invite, knock, leave, kick, ban: the local or the remote path.' },
  { name: 'sync', purpose: 'What changed since a position: /sync v2 and sliding sync.' },
  { name: 'operations', purpose: 'doctor, explain, repair, recover, verify, backup, restore, import, retire.' },
  { name: 'api', purpose: 'One file per endpoint and nothing else.' },
  { name: 'cluster', purpose: 'Roles, leases, bus.' },
  { name: 'server', purpose: 'compose wires the parts in order; lifecycle; list of endpoints.' },
  { name: 'cli', purpose: 'One file per command.' },
];
