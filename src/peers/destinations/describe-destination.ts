// What is known of other servers, for operators: the admin API and the command line show it.

import type { LastDial, Outbound } from '../../http/outbound/outbound.ts';
import type { Clock } from '../../lib/clock.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import type { Database } from '../../storage/database.ts';
import {
  countDestinations,
  type DestinationState,
  findDestination,
  listDestinations,
  type StoredDestination,
} from '../../storage/stores/destinations.ts';
import {
  acceptServerKey,
  keyConflictsOf,
  listKeyConflicts,
  type StoredKeyConflict,
} from '../../storage/stores/server-key-conflicts.ts';
import { serverKeysOf } from '../../storage/stores/server-keys.ts';
import type { Exchange } from '../calls/exchange.ts';
import type { PeerRoute } from '../discovery/discover.ts';
import { PeerError } from '../peer-error.ts';
import type { Destinations } from './destinations.ts';

export interface ListQuery {
  /** Names after this one. */
  readonly from: string;
  readonly limit: number;
  readonly state?: DestinationState | undefined;
}

export interface DescribeDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly destinations: Destinations;
  /** Absent where there is no network, as on the command line beside a server that does not run. */
  readonly network?: {
    readonly exchange: Exchange;
    readonly outbound: Outbound;
    keyTroubleOf(server: ServerName): string | undefined;
    forgetKey(server: ServerName, keyId: string): void;
  };
}

const CONFLICTS_MAX = 1000;

/** The fields that existing tools know stand beside ours: destination, retry_last_ts, retry_interval, failure_ts. */
const viewOf = ({ serverName, trouble, lastSuccessTs, heardTs }: StoredDestination): JsonObject => {
  const { goneTs = null, retryTs = null, lastFailureTs = 0 } = trouble ?? {};
  return {
    destination: serverName,
    state: trouble === null ? 'well' : goneTs === null ? 'failing' : 'gone',
    stage: trouble?.stage ?? null,
    reason: trouble?.reason ?? null,
    failure_ts: trouble?.sinceTs ?? null,
    failures: trouble?.failures ?? 0,
    retry_last_ts: lastFailureTs,
    retry_interval: retryTs === null ? 0 : Math.max(0, retryTs - lastFailureTs),
    next_retry_ts: retryTs,
    gone_ts: goneTs,
    last_success_ts: lastSuccessTs,
    last_heard_ts: heardTs,
    last_successful_stream_ordering: null,
  };
};

const conflictView = (conflict: StoredKeyConflict): JsonObject => ({
  server_name: conflict.serverName,
  key_id: conflict.keyId,
  kept_key: conflict.keptPublicKey,
  refused_key: conflict.refusedPublicKey,
  source: conflict.source,
  first_seen_ts: conflict.firstSeenTs,
  last_seen_ts: conflict.lastSeenTs,
  times: conflict.times,
});

const dialView = (dial: LastDial | undefined): JsonObject => ({
  last_connected_ts: dial?.atTs ?? null,
  attempts: (dial?.attempts ?? []).map(({ family, address, outcome }) => ({ family, address, outcome })),
});

const routeView = ({ hostHeader, tlsName, targets, steps }: PeerRoute, outbound: Outbound): JsonObject => ({
  steps: [...steps],
  host_header: hostHeader,
  tls_name: tlsName,
  targets: targets.map(({ host, port }) => ({ host, port, ...dialView(outbound.lastDial(host, port)) })),
});

export function createDescriptions({ db, destinations, network }: DescribeDeps) {
  const routeOf = async (server: ServerName): Promise<JsonObject | null> => {
    if (!network) return null;
    try {
      return routeView(await network.exchange.route(server), network.outbound);
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      return { stage: error.stage, reason: error.message };
    }
  };

  return {
    async list({ from, limit, state }: ListQuery): Promise<JsonObject> {
      await destinations.flush();
      const { page, counts } = await db.read(async (tx) => ({
        page: await listDestinations(tx, { after: from, limit, state }),
        counts: await countDestinations(tx),
      }));
      const last = page.at(-1);
      return {
        destinations: page.map(viewOf),
        total: state === undefined ? counts.well + counts.failing + counts.gone : counts[state],
        counts,
        ...(last && page.length === limit ? { next_token: last.serverName } : {}),
      };
    },

    /** undefined: it was never called nor heard from, and none of its keys is known. */
    async show(server: ServerName): Promise<JsonObject | undefined> {
      await destinations.flush();
      const found = await db.read(async (tx) => ({
        destination: await findDestination(tx, server),
        keys: await serverKeysOf(tx, server),
        conflicts: await keyConflictsOf(tx, server),
      }));
      if (!found.destination && found.keys.length === 0) return undefined;
      const nothing = { serverName: server, trouble: null, lastSuccessTs: null, heardTs: null };
      return {
        ...viewOf(found.destination ?? nothing),
        route: await routeOf(server),
        keys: found.keys.map(({ keyId, publicKey, validUntilTs, expiredTs }) => ({
          key_id: keyId,
          key: publicKey,
          valid_until_ts: validUntilTs,
          expired_ts: expiredTs,
        })),
        key_trouble: network?.keyTroubleOf(server) ?? null,
        key_conflicts: found.conflicts.map(conflictView),
      };
    },

    async keyConflicts(): Promise<JsonObject> {
      const conflicts = await db.read((tx) => listKeyConflicts(tx, CONFLICTS_MAX));
      return { key_conflicts: conflicts.map(conflictView) };
    },

    /** Takes a refused key in place of the kept one. False: no such key was refused. */
    async acceptKey(server: ServerName, keyId: string, publicKey: string): Promise<boolean> {
      const isAccepted = await db.write(acceptServerKey, { serverName: server, keyId, publicKey });
      if (isAccepted) network?.forgetKey(server, keyId);
      return isAccepted;
    },

    /** Tries a server again at once. False: nothing is wrong with it. */
    retry: (server: ServerName): Promise<boolean> => destinations.retry(server),

    /** Tries all again that are left alone. Returns how many. */
    async retryAll(): Promise<number> {
      const servers = destinations.troubled();
      for (const server of servers) await destinations.retry(server);
      return servers.length;
    },
  };
}

export type DestinationDescriptions = ReturnType<typeof createDescriptions>;
