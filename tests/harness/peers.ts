// The part `peers` over a fresh database, a DNS server of the test's own and a clock that the test turns.

import { createOutbound } from '../../src/http/outbound/outbound.ts';
import { createResolver } from '../../src/http/outbound/resolver.ts';
import type { Identity } from '../../src/identity/identity.ts';
import { type Cidr, parseCidr } from '../../src/lib/address.ts';
import { createLog } from '../../src/lib/log.ts';
import { type ManualClock, manualClock } from '../../src/lib/manual-clock.ts';
import { createMetrics, type Metrics } from '../../src/lib/metrics.ts';
import { createPeers, type Peers, type PeersConfig } from '../../src/peers/peers.ts';
import { parseServerName } from '../../src/protocol/ids/server-name.ts';
import type { Database } from '../../src/storage/database.ts';
import { openFreshSqlite } from './databases.ts';
import { type DnsServer, startDnsServer } from './dns-server.ts';
import { testAuthorities, testKey } from './peer-server.ts';

export interface TestPeersOptions {
  readonly serverName?: string;
  readonly config?: Partial<PeersConfig>;
  readonly wellKnownPort?: number;
  readonly oldKeys?: Identity['oldKeys'];
  /** Networks that may be called. Default: the loopback. */
  readonly allow?: readonly string[];
}

export interface TestPeers extends AsyncDisposable {
  readonly peers: Peers;
  readonly identity: Identity;
  readonly dns: DnsServer;
  readonly clock: ManualClock;
  readonly db: Database;
  readonly metrics: Metrics;
  readonly logged: string[];
  /** The same database, names and time, with everything in memory forgotten. */
  restart(): Promise<Peers>;
}

export const openPeers = async (options: TestPeersOptions = {}): Promise<TestPeers> => {
  const { serverName = 'us.test', wellKnownPort = 443, oldKeys = [], allow = ['127.0.0.0/8', '::1/128'] } = options;
  await using stack = new AsyncDisposableStack();
  const dns = stack.use(await startDnsServer());
  const { database: db } = stack.use(await openFreshSqlite());
  const clock = manualClock();
  const logged: string[] = [];
  const log = createLog({ level: 'debug', format: 'json', destination: { write: (line) => void logged.push(line) } });
  const identity = { serverName: parseServerName(serverName), signingKey: testKey('ed25519:us'), oldKeys };
  const resolver = createResolver({ clock, servers: [dns.server], hostsFile: '/nowhere' });
  const outbound = stack.use(
    createOutbound({
      clock,
      resolver,
      allow: allow.map((text) => parseCidr(text) as Cidr),
      extraCa: testAuthorities(),
    }),
  );
  const config: PeersConfig = {
    enabled: true,
    denyServers: [],
    allowServers: [],
    tlsExceptions: [],
    trustedKeyServers: [],
    keyValidityMs: 24 * 3_600_000,
    backOff: { firstMs: 10_000, longestMs: 3_600_000 },
    ...options.config,
  };
  let metrics = createMetrics();
  const make = async (): Promise<Peers> => {
    metrics = createMetrics();
    const deps = { db, clock, log, metrics, identity, outbound, resolver, config, wellKnownPort };
    const peers = createPeers({ ...deps, userAgent: 'Test/1' });
    await peers.start();
    return peers;
  };
  let peers = await make();
  stack.defer(() => peers[Symbol.asyncDispose]());
  const owned = stack.move();
  return {
    get peers() {
      return peers;
    },
    get metrics() {
      return metrics;
    },
    identity,
    dns,
    clock,
    db,
    logged,
    async restart() {
      await peers[Symbol.asyncDispose]();
      peers = await make();
      return peers;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};
