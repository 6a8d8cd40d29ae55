// Asks the configured notaries for keys of other servers. Server-Server API, "Querying Keys Through Another Server".

import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { LruCache } from '../../lib/lru-cache.ts';
import { slicesOf } from '../../lib/slices-of.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import type { Exchange } from '../calls/exchange.ts';
import { PeerError } from '../peer-error.ts';
import type { FetchGate } from './fetch-gate.ts';
import { fetchFromNotary, type NotaryKeys } from './fetch-keys.ts';
import type { KnownKeys } from './known-keys.ts';
import { isGoodAt, type KeyWanted } from './verify-key.ts';

export interface NotariesDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly serverName: ServerName;
  readonly known: KnownKeys;
  readonly exchange: Exchange;
  readonly trustedKeyServers: readonly ServerName[];
  readonly isAllowed: (server: ServerName) => boolean;
  readonly gate: FetchGate;
  /** Fetches the notary's own keys from itself. */
  readonly refresh: (server: ServerName) => Promise<void>;
  readonly onFetched: () => void;
}

const SERVERS_OF_QUERY_MAX = 100;
/** A notary that did not know a key is not asked for it again so soon. */
const ASK_AGAIN_MS = 300_000;
const ASKED_MAX = 50_000;

export function createNotaries(deps: NotariesDeps) {
  const { clock, log, serverName, known, exchange, gate, refresh, onFetched } = deps;
  const notaries = deps.trustedKeyServers.filter((name) => name !== serverName && deps.isAllowed(name));
  const asked = new LruCache<string, number>(ASKED_MAX);

  const isWorthAsking = (notary: ServerName, { server, keyId }: KeyWanted): boolean => {
    if (server === notary) return false;
    const atMs = asked.get(`${notary} ${server} ${keyId}`);
    return atMs === undefined || clock.monotonic() - atMs >= ASK_AGAIN_MS;
  };

  /** Its keys as it tells them itself: a notary does not vouch for itself through another. */
  const keysOf = async (notary: ServerName): Promise<NotaryKeys> => {
    const current = async (): Promise<NotaryKeys> => {
      const now = clock.now();
      const keys = (await known.allOf(notary)).filter(({ key }) => key.expiredTs === null && isGoodAt(key, now));
      return new Map(keys.map(({ keyId, key }) => [keyId, key.publicKey]));
    };
    const found = await current();
    if (found.size > 0) return found;
    await refresh(notary);
    return current();
  };

  const query = async (notary: ServerName, wants: readonly KeyWanted[]): Promise<void> => {
    const keys = await keysOf(notary);
    if (keys.size === 0) throw new PeerError(notary, 'signature', "the notary's own keys are not known");
    const documents = await fetchFromNotary(notary, keys, wants, { exchange, clock });
    onFetched();
    for (const { server, keyId } of wants) asked.set(`${notary} ${server} ${keyId}`, clock.monotonic());
    await known.learn(documents);
  };

  const askOne = async (notary: ServerName, wants: readonly KeyWanted[]): Promise<void> => {
    const gateKey = `notary ${notary}`;
    const byServer = [...Map.groupBy(wants, ({ server }) => server).values()];
    try {
      for (const some of slicesOf(byServer, SERVERS_OF_QUERY_MAX)) {
        await query(notary, some.flat());
      }
      gate.forget(gateKey);
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      gate.failed(gateKey, error.message);
      log.info({ notary, stage: error.stage, reason: error.message }, 'A notary could not be asked for keys.');
    }
  };

  return {
    /** One notary after the other, until none of the keys is missing. Never rejects for what notaries do. */
    async ask(wants: readonly KeyWanted[]): Promise<void> {
      for (const notary of notaries) {
        if (!gate.isOpen(`notary ${notary}`)) continue;
        const left = wants.filter((want) => !known.isSettled(want) && isWorthAsking(notary, want));
        if (left.length > 0) await askOne(notary, left);
      }
    },
  };
}
