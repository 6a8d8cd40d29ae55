// The health of other servers: which cannot be reached, at which stage, since when, when they are tried again. Servers
// in trouble are held in memory; all of it is written down, so that a restart does not forget whom to leave alone.

import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { randomFraction } from '../../lib/random.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import type { Database } from '../../storage/database.ts';
import {
  type DestinationTrouble,
  listDestinations,
  type StoredDestination,
} from '../../storage/stores/destinations.ts';
import { PeerError, type PeerStage } from '../peer-error.ts';
import { afterFailure } from './after-failure.ts';
import type { BackOffConfig } from './back-off.ts';
import { type ContactKind, createHealthRecord } from './health-record.ts';

export interface DestinationsDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly backOff: BackOffConfig;
}

export type ReachableListener = (server: ServerName) => void;

export interface Destinations {
  /** Reads what was written down. Before that every server counts as well. */
  load(): Promise<void>;
  /** undefined: nothing is known against it. */
  troubleOf(server: ServerName): DestinationTrouble | undefined;
  /** Whether nothing is to be sent to it now, because it failed. */
  isLeftAlone(server: ServerName): boolean;
  /** Throws PeerError, which tells of the last failure, when nothing is to be sent to it now. */
  checkIsTried(server: ServerName, ignoresBackOff: boolean): void;
  /** A call that began at `startedTs` failed, and so would others. */
  noteFailure(error: PeerError, startedTs: number): void;
  /** It answered a call. */
  noteSuccess(server: ServerName): void;
  /** A request of its own came in, and its signature is good: it is there. */
  noteHeard(server: ServerName): void;
  /** It is tried again at once, with the shortest back-off; the reason stays until it answers. False: it is well. */
  retry(server: ServerName): Promise<boolean>;
  /** Told when a server that was left alone may be called again, by itself or by the operator. */
  onReachable(listener: ReachableListener): void;
  troubled(): readonly ServerName[];
  counts(): { readonly failing: number; readonly gone: number };
  /** Writes what is not yet written down. */
  flush(): Promise<void>;
}

const PAGE = 1000;

async function* storedTroubles(db: Database): AsyncGenerator<DestinationTrouble> {
  for (const state of ['failing', 'gone'] as const) {
    let page: StoredDestination[] = [];
    do {
      const query = { after: page.at(-1)?.serverName ?? '', limit: PAGE, state };
      page = await db.read((tx) => listDestinations(tx, query));
      for (const { trouble } of page) if (trouble) yield trouble;
    } while (page.length === PAGE);
  }
}

const isDue = ({ retryTs }: DestinationTrouble, nowTs: number): boolean => retryTs !== null && retryTs <= nowTs;

const leftAlone = ({ serverName, stage, reason, retryTs, goneTs }: DestinationTrouble): PeerError =>
  new PeerError(serverName, stage as PeerStage, reason, {
    isDown: true,
    isGone: goneTs !== null,
    leftAloneUntilTs: retryTs,
  });

export function createDestinations({ db, clock, log, backOff }: DestinationsDeps): Destinations {
  const troubles = new Map<ServerName, DestinationTrouble>();
  const listeners = new Set<ReachableListener>();
  const record = createHealthRecord({ db, clock, log });

  const tell = (server: ServerName): void => {
    for (const listener of listeners) listener(server);
  };

  const noteContact = (server: ServerName, kind: ContactKind): void => {
    const trouble = troubles.get(server);
    if (!trouble) {
      record.contact(server, kind);
      return;
    }
    troubles.delete(server);
    record.end(server, kind);
    log.info({ server, stage: trouble.stage, sinceTs: trouble.sinceTs }, 'Another server is reachable again.');
    tell(server);
  };

  const noteFailure = (error: PeerError, startedTs: number): void => {
    const before = troubles.get(error.destination);
    // Calls that were under way when the last failure was noted tell of the same trouble, not of a further one.
    const isSame = before !== undefined && startedTs < before.lastFailureTs;
    if (isSame && (!error.isGone || before.goneTs !== null)) return;
    const trouble = afterFailure({ before, error, nowTs: clock.now(), backOff, fraction: randomFraction() });
    troubles.set(trouble.serverName, trouble);
    void record.trouble(trouble);
    const { serverName: server, stage, reason, goneTs } = trouble;
    if (!before) log.info({ server, stage, reason }, 'Another server cannot be reached.');
    if (goneTs !== null && (before?.goneTs ?? null) === null)
      log.info({ server, reason }, 'Another server is gone for good.');
  };

  const retry = async (server: ServerName): Promise<boolean> => {
    const trouble = troubles.get(server);
    if (!trouble) return false;
    const again = { ...trouble, failures: 0, retryTs: clock.now() };
    troubles.set(server, again);
    await record.trouble(again);
    tell(server);
    return true;
  };

  return {
    async load() {
      for await (const trouble of storedTroubles(db)) troubles.set(trouble.serverName, trouble);
    },
    troubleOf: (server) => troubles.get(server),
    isLeftAlone(server) {
      const trouble = troubles.get(server);
      return trouble !== undefined && !isDue(trouble, clock.now());
    },
    checkIsTried(server, ignoresBackOff) {
      const trouble = troubles.get(server);
      if (!trouble || isDue(trouble, clock.now()) || (ignoresBackOff && trouble.goneTs === null)) return;
      throw leftAlone(trouble);
    },
    noteFailure,
    noteSuccess: (server) => noteContact(server, 'successTs'),
    noteHeard: (server) => noteContact(server, 'heardTs'),
    retry,
    onReachable: (listener) => void listeners.add(listener),
    troubled: () => [...troubles.keys()],
    counts() {
      const gone = troubles.values().reduce((count, { goneTs }) => count + (goneTs === null ? 0 : 1), 0);
      return { failing: troubles.size - gone, gone };
    },
    flush: () => record.flush(),
  };
}
