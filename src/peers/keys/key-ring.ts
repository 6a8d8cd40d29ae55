// Finds the keys that signatures were made with: known ones at once, others from their servers and from notaries, many at
// a time. It waits for the network: never ask it while a room is locked.
// Server-Server API, "Retrieving server keys".

import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { singleFlight } from '../../lib/single-flight.ts';
import { createTurns } from '../../lib/turns.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import type { Exchange } from '../calls/exchange.ts';
import { PeerError } from '../peer-error.ts';
import { createFetchGate } from './fetch-gate.ts';
import { fetchDirectly } from './fetch-keys.ts';
import type { KnownKeys } from './known-keys.ts';
import { createNotaries } from './notaries.ts';
import type { OwnKeys } from './own-keys.ts';
import type { KeyWanted, VerifyKey } from './verify-key.ts';

export interface KeyRingDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly serverName: ServerName;
  readonly own: OwnKeys;
  readonly known: KnownKeys;
  readonly exchange: Exchange;
  readonly trustedKeyServers: readonly ServerName[];
  /** Neither called nor answered, by configuration. */
  readonly isAllowed: (server: ServerName) => boolean;
  /** Down by what is known: not worth the wait where many are asked. */
  readonly isLeftAlone: (server: ServerName) => boolean;
}

/** The best key known for a server and key id, good for the time or not: ask isGoodAt. */
export type FindKey = (server: ServerName, keyId: string) => VerifyKey | undefined;

/** From so many servers on a notary is asked first: many of them will be gone, and each would cost a timeout. */
const MANY_SERVERS = 8;
const FETCHES_MAX = 64;
const FETCHES_WAITING_MAX = 10_000;

export function createKeyRing(deps: KeyRingDeps) {
  const { clock, log, serverName, own, known, exchange, isAllowed, isLeftAlone } = deps;
  const gate = createFetchGate(clock);
  const flights = singleFlight<ServerName, void>();
  const inTurn = createTurns({
    runningMax: FETCHES_MAX,
    waitingMax: FETCHES_WAITING_MAX,
    full: () => new Error('too many servers are asked for their keys'),
  });
  const counts = { direct: 0, notary: 0, failed: 0 };

  const fetchOne = async (server: ServerName): Promise<void> => {
    try {
      const document = await inTurn(() => fetchDirectly(server, { exchange, clock }));
      counts.direct += 1;
      await known.learn([document]);
      // Only now: whoever wants keys before they are learnt joins this flight, and is not sent away by the gate.
      gate.answered(server);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      counts.failed += 1;
      const stage = error instanceof PeerError ? error.stage : 'here';
      gate.failed(server, `${stage}: ${error.message}`);
      log.debug({ server, stage, reason: error.message }, 'The keys of a server could not be fetched.');
    }
  };

  /** From the server itself, unless it was asked a moment ago. Never rejects for what the server does. */
  const refresh = async (server: ServerName): Promise<void> => {
    if (server === serverName || !isAllowed(server)) return;
    if (gate.isOpen(server)) await flights.run(server, () => fetchOne(server));
  };

  const notaries = createNotaries({ ...deps, gate, refresh, onFetched: () => (counts.notary += 1) });

  const fetchMissing = async (wants: readonly KeyWanted[]): Promise<void> => {
    const sinceMs = clock.monotonic();
    const unsettled = (): KeyWanted[] => wants.filter((want) => !known.isSettled(want));
    const serversOf = (left: readonly KeyWanted[]): ServerName[] => [...new Set(left.map(({ server }) => server))];
    const isMany = serversOf(wants).length > MANY_SERVERS;
    if (isMany) await notaries.ask(unsettled());
    const servers = serversOf(unsettled());
    await Promise.all(servers.filter((server) => !isMany || !isLeftAlone(server)).map(refresh));
    for (const server of serversOf(unsettled())) gate.lacked(server, sinceMs);
    if (!isMany) await notaries.ask(unsettled());
  };

  const find: FindKey = (server, keyId) => (server === serverName ? own.key(keyId) : known.find(server, keyId));

  return {
    /** Known in memory: no waiting. */
    find,

    /** Waits at most `timeoutMs` for keys that are not known yet, or not for long enough; then what is known counts. */
    async keysFor(wants: readonly KeyWanted[], timeoutMs: number): Promise<FindKey> {
      const missing = (): KeyWanted[] => wants.filter((want) => want.server !== serverName && !known.isSettled(want));
      let left = missing();
      if (left.length > 0) {
        await known.load([...new Set(left.map(({ server }) => server))]);
        left = missing();
      }
      if (left.length > 0) {
        const done = new AbortController();
        const fetched = fetchMissing(left).finally(() => done.abort());
        await Promise.race([fetched, clock.sleep(timeoutMs, done.signal).catch(() => fetched)]);
      }
      return find;
    },

    refresh,

    /** After the operator accepted another key. */
    forget(server: ServerName, keyId: string): void {
      known.forget(server, keyId);
      gate.forget(server);
    },

    /** Why the server's keys could not be fetched the last time; undefined: they could, or were not wanted lately. */
    troubleOf: (server: ServerName): string | undefined => gate.reasonOf(server),

    counts: (): Readonly<typeof counts> => counts,
  };
}

export type KeyRing = ReturnType<typeof createKeyRing>;
