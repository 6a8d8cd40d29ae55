// What is known of other servers, for operators, and what they may do about it: for the admin API and the command line.

import type { Outbound } from '../../http/outbound/outbound.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import type { Database, ReadTx } from '../../storage/database.ts';
import {
  countDestinations,
  type DestinationState,
  findDestination,
  listDestinations,
} from '../../storage/stores/destinations.ts';
import { destinationCursor, missedPositions } from '../../storage/stores/outgoing-events.ts';
import { roomsOfServer } from '../../storage/stores/room-servers.ts';
import { acceptServerKey, keyConflictsOf, listKeyConflicts } from '../../storage/stores/server-key-conflicts.ts';
import { serverKeysOf } from '../../storage/stores/server-keys.ts';
import type { Exchange } from '../calls/exchange.ts';
import { PeerError } from '../peer-error.ts';
import type { Destinations } from './destinations.ts';
import {
  type BehindView,
  conflictView,
  type DestinationPage,
  type KeyConflictView,
  keyView,
  type RouteView,
  routeView,
  type ServerView,
  viewOf,
} from './views.ts';

export interface ListQuery {
  /** Names after this one. */
  readonly from: string;
  readonly limit: number;
  readonly state?: DestinationState | undefined;
}

export interface DescribeDeps {
  readonly db: Database;
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

const MISSED_MAX = 1000;

/** Of the rooms that it is in, or was in since: some of the events may be none of its business. */
const behindOf = async (tx: ReadTx, server: ServerName): Promise<BehindView | null> => {
  const after = await destinationCursor(tx, server);
  if (after === undefined) return null;
  const rooms = await roomsOfServer(tx, server, after);
  const missed = await missedPositions(tx, { rooms, after, upTo: Number.MAX_SAFE_INTEGER, limit: MISSED_MAX + 1 });
  return { events: Math.min(missed.length, MISSED_MAX), has_more: missed.length > MISSED_MAX };
};

export function createDescriptions({ db, destinations, network }: DescribeDeps) {
  const routeOf = async (server: ServerName): Promise<RouteView | null> => {
    if (!network) return null;
    try {
      return routeView(await network.exchange.route(server), network.outbound);
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      return { stage: error.stage, reason: error.message };
    }
  };

  return {
    async list({ from, limit, state }: ListQuery): Promise<DestinationPage> {
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
    async show(server: ServerName): Promise<ServerView | undefined> {
      await destinations.flush();
      const found = await db.read(async (tx) => ({
        destination: await findDestination(tx, server),
        keys: await serverKeysOf(tx, server),
        conflicts: await keyConflictsOf(tx, server),
        behind: await behindOf(tx, server),
      }));
      if (!found.destination && found.keys.length === 0) return undefined;
      const nothing = { serverName: server, trouble: null, lastSuccessTs: null, heardTs: null };
      return {
        ...viewOf(found.destination ?? nothing),
        behind: found.behind,
        route: await routeOf(server),
        keys: found.keys.map(keyView),
        key_trouble: network?.keyTroubleOf(server) ?? null,
        key_conflicts: found.conflicts.map(conflictView),
      };
    },

    async keyConflicts(): Promise<{ key_conflicts: KeyConflictView[] }> {
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
