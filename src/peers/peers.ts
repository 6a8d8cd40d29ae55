// The part `peers`: other servers, how to find, reach and trust them.

import type { Outbound } from '../http/outbound/outbound.ts';
import type { Resolver } from '../http/outbound/resolver.ts';
import type { Identity } from '../identity/identity.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import type { ServerName } from '../protocol/ids/branded.ts';
import { parseServerName } from '../protocol/ids/server-name.ts';
import type { Database } from '../storage/database.ts';
import { createCalls } from './calls/call.ts';
import { createExchange } from './calls/exchange.ts';
import { createVerifier } from './calls/verify-request.ts';
import type { BackOffConfig } from './destinations/back-off.ts';
import { createDescriptions } from './destinations/describe-destination.ts';
import { createDestinations } from './destinations/destinations.ts';
import { createWellKnown } from './discovery/well-known.ts';
import { type FederationPolicyConfig, federationPolicy, serverMatcher } from './federation-policy.ts';
import { createKeyRing } from './keys/key-ring.ts';
import { createKnownKeys } from './keys/known-keys.ts';
import { createNotary } from './keys/notary.ts';
import { createOwnKeys } from './keys/own-keys.ts';
import { registerPeerMetrics } from './peer-metrics.ts';

export interface PeersConfig extends FederationPolicyConfig {
  readonly tlsExceptions: readonly string[];
  readonly trustedKeyServers: readonly string[];
  readonly keyValidityMs: number;
  readonly backOff: BackOffConfig;
}

export interface PeersDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly identity: Identity;
  readonly outbound: Outbound;
  readonly resolver: Resolver;
  readonly config: PeersConfig;
  /** Name and release of this program. */
  readonly userAgent: string;
  /** Where /.well-known is asked for; another than 443 is for tests. */
  readonly wellKnownPort?: number;
}

export function createPeers(deps: PeersDeps) {
  const { db, clock, log, metrics, identity, outbound, resolver, config, userAgent, wellKnownPort = 443 } = deps;
  const { serverName, signingKey } = identity;
  const isAllowed = federationPolicy(config);
  const isTlsException = serverMatcher(config.tlsExceptions);
  const verifiesTls = (server: string): boolean => !isTlsException(server);

  const wellKnown = createWellKnown({ outbound, clock, verifiesTls, port: wellKnownPort });
  const exchange = createExchange({ outbound, clock, wellKnown, resolver, verifiesTls, userAgent });
  const destinations = createDestinations({ db, clock, log, backOff: config.backOff });
  const { isLeftAlone } = destinations;

  const own = createOwnKeys({ identity, clock, keyValidityMs: config.keyValidityMs });
  const known = createKnownKeys({ db, log });
  const trustedKeyServers = config.trustedKeyServers.map(parseServerName);
  const trusted = { trustedKeyServers, isAllowed, isLeftAlone };
  const ring = createKeyRing({ clock, log, serverName, own, known, exchange, ...trusted });
  const notary = createNotary({ db, clock, signer: { name: serverName, key: signingKey }, own, ring });

  const calls = createCalls({ clock, serverName, signingKey, exchange, destinations, isAllowed });
  const verifier = createVerifier({ clock, serverName, ring, destinations, isAllowed });
  const network = { exchange, outbound, keyTroubleOf: ring.troubleOf, forgetKey: ring.forget };
  registerPeerMetrics(metrics, { destinations, calls, verifier, ring, known });

  return {
    isEnabled: config.enabled,
    /** Whether the configuration lets this server talk with that one. */
    isAllowed,
    call: calls.call,
    stream: calls.stream,
    verifyServer: verifier.verifyServer,
    /** Keys that events and requests were signed with. */
    keysFor: ring.keysFor,
    findKey: ring.find,
    /** Why a server's keys could not be had of late. */
    keyTroubleOf: ring.troubleOf,
    /** What this server publishes of its own keys. */
    ownKeyDocument: own.document,
    queryKeys: notary.query,
    troubleOf: destinations.troubleOf,
    isLeftAlone,
    onReachable: (listener: (server: ServerName) => void): void => destinations.onReachable(listener),
    administration: createDescriptions({ db, destinations, network }),

    /** Reads whom to leave alone. */
    start: (): Promise<void> => destinations.load(),
    [Symbol.asyncDispose]: (): Promise<void> => destinations.flush(),
  };
}

export type Peers = ReturnType<typeof createPeers>;
