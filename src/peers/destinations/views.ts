// What operators are shown of other servers: the shapes of the admin API, which the command line prints.

import type { LastDial, Outbound } from '../../http/outbound/outbound.ts';
import type { DestinationState, StoredDestination } from '../../storage/stores/destinations.ts';
import type { StoredKeyConflict } from '../../storage/stores/server-key-conflicts.ts';
import type { StoredServerKey } from '../../storage/stores/server-keys.ts';
import type { PeerRoute } from '../discovery/discover.ts';

/** The fields that existing tools know stand beside ours: destination, retry_last_ts, retry_interval, failure_ts. */
export type DestinationView = {
  destination: string;
  state: DestinationState;
  stage: string | null;
  reason: string | null;
  /** Since when it fails. */
  failure_ts: number | null;
  failures: number;
  retry_last_ts: number;
  retry_interval: number;
  /** null: it is well, or never tried again by itself. */
  next_retry_ts: number | null;
  gone_ts: number | null;
  last_success_ts: number | null;
  last_heard_ts: number | null;
  last_successful_stream_ordering: null;
};

export type DestinationPage = {
  destinations: DestinationView[];
  total: number;
  counts: Record<DestinationState, number>;
  next_token?: string;
};

export type TargetView = {
  host: string;
  port: number;
  last_connected_ts: number | null;
  attempts: { family: number; address: string; outcome: string }[];
};

/** The way there, or why there is none. */
export type RouteView =
  | { steps: string[]; host_header: string; tls_name: string; targets: TargetView[] }
  | { stage: string; reason: string };

export type KeyView = { key_id: string; key: string; valid_until_ts: number; expired_ts: number | null };

export type KeyConflictView = {
  server_name: string;
  key_id: string;
  kept_key: string;
  refused_key: string;
  source: string;
  first_seen_ts: number;
  last_seen_ts: number;
  times: number;
};

/** Events that it may have missed, up to a limit. */
export type BehindView = { events: number; has_more: boolean };

export type ServerView = DestinationView & {
  /** null: it has everything. */
  behind: BehindView | null;
  /** null: not looked for. */
  route: RouteView | null;
  keys: KeyView[];
  /** Why the keys could not be fetched the last time. */
  key_trouble: string | null;
  key_conflicts: KeyConflictView[];
};

export const viewOf = ({ serverName, trouble, lastSuccessTs, heardTs }: StoredDestination): DestinationView => {
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

export const keyView = ({ keyId, publicKey, validUntilTs, expiredTs }: StoredServerKey): KeyView => ({
  key_id: keyId,
  key: publicKey,
  valid_until_ts: validUntilTs,
  expired_ts: expiredTs,
});

export const conflictView = (conflict: StoredKeyConflict): KeyConflictView => ({
  server_name: conflict.serverName,
  key_id: conflict.keyId,
  kept_key: conflict.keptPublicKey,
  refused_key: conflict.refusedPublicKey,
  source: conflict.source,
  first_seen_ts: conflict.firstSeenTs,
  last_seen_ts: conflict.lastSeenTs,
  times: conflict.times,
});

const dialView = (dial: LastDial | undefined) => ({
  last_connected_ts: dial?.atTs ?? null,
  attempts: (dial?.attempts ?? []).map(({ family, address, outcome }) => ({ family, address, outcome })),
});

export const routeView = ({ hostHeader, tlsName, targets, steps }: PeerRoute, outbound: Outbound): RouteView => ({
  steps: [...steps],
  host_header: hostHeader,
  tls_name: tlsName,
  targets: targets.map(({ host, port }) => ({ host, port, ...dialView(outbound.lastDial(host, port)) })),
});
