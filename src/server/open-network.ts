// The way out and the other servers behind it: name resolution, outgoing requests, peers.

import { readFile } from 'node:fs/promises';
import manifest from '../../package.json' with { type: 'json' };
import type { Config } from '../config/schema.ts';
import type { Outbound } from '../http/outbound/outbound.ts';
import { outboundOnDemand } from '../http/outbound/outbound-on-demand.ts';
import { createResolver } from '../http/outbound/resolver.ts';
import type { Identity } from '../identity/identity.ts';
import { parseCidr } from '../lib/address.ts';
import { present } from '../lib/assert.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import { createPeers, type Peers } from '../peers/peers.ts';
import type { Database } from '../storage/database.ts';
import { StartRefused } from './start-refused.ts';

export interface NetworkDeps {
  readonly config: Config;
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly identity: Identity;
}

export interface Network extends AsyncDisposable {
  readonly outbound: Outbound;
  readonly peers: Peers;
}

/** How this server names itself to others. */
const userAgent = `Kintsugi/${manifest.version}`;

/** Throws StartRefused when the configured certificate authorities cannot be read. */
export async function openNetwork({ config, clock, ...deps }: NetworkDeps): Promise<Network> {
  const { federation } = config;
  const { extraCaFile, allowPrivateAddresses, dnsServers } = federation;
  await using stack = new AsyncDisposableStack();
  const allow = allowPrivateAddresses.map((text) => present(parseCidr(text), `${text} was checked before`));
  const extraCa = extraCaFile === undefined ? undefined : await readAuthorities(extraCaFile);
  const resolver = createResolver({ clock, servers: dnsServers });
  const outbound = stack.use(outboundOnDemand({ clock, resolver, allow, extraCa }));
  const peers = stack.use(createPeers({ ...deps, clock, outbound, resolver, config: federation, userAgent }));
  await peers.start();
  const owned = stack.move();
  return { outbound, peers, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const readAuthorities = (file: string): Promise<string> =>
  readFile(file, 'utf8').catch((cause: Error) => {
    throw new StartRefused(
      `The certificate authorities in ${file} cannot be read: ${cause.message}.`,
      'Check federation.extraCaFile (or KINTSUGI_EXTRA_CA).',
      cause,
    );
  });
