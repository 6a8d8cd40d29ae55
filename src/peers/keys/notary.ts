// This server as a notary: answers what other servers' keys are, and signs for it.
// Server-Server API, "Querying Keys Through Another Server".

import type { Clock } from '../../lib/clock.ts';
import { canonicalJson } from '../../protocol/canonical-json/canonical-json.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import { signJson } from '../../protocol/signing/sign-json.ts';
import type { Signer } from '../../protocol/signing/signing-key.ts';
import type { Database } from '../../storage/database.ts';
import {
  keyDocumentsOf,
  type StoredKeyDocument,
  type StoredServerKey,
  serverKeysOfAll,
} from '../../storage/stores/server-keys.ts';
import type { KeyRing } from './key-ring.ts';
import type { OwnKeys } from './own-keys.ts';

export interface KeysQueried {
  /** Key id to the time until which the key should be good at least; none: every key of the server. */
  readonly keys: ReadonlyMap<string, number>;
  /** The same for the newest document. */
  readonly minimumTs: number;
}

export interface NotaryDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly signer: Signer;
  readonly own: OwnKeys;
  readonly ring: KeyRing;
}

/** Those who ask wait for us: what is not fetched by then is answered from what is known. */
const FETCH_TIMEOUT_MS = 8000;

interface Known {
  readonly documents: ReadonlyMap<ServerName, readonly StoredKeyDocument[]>;
  readonly keys: ReadonlyMap<ServerName, readonly StoredServerKey[]>;
}

const bySource = <T extends { serverName: ServerName }>(rows: readonly T[]): Map<ServerName, T[]> =>
  Map.groupBy(rows, ({ serverName }) => serverName);

/** "Intermediate notary servers should cache a response for half of its lifetime to avoid serving a stale response." */
const isStale = ({ fetchedTs, validUntilTs }: StoredKeyDocument, now: number): boolean =>
  now > fetchedTs + (validUntilTs - fetchedTs) / 2;

export function createNotary({ db, clock, signer, own, ring }: NotaryDeps) {
  const read = (servers: readonly ServerName[]): Promise<Known> =>
    db.read(async (tx) => ({
      documents: bySource(await keyDocumentsOf(tx, servers)),
      keys: bySource(await serverKeysOfAll(tx, servers)),
    }));

  const wantsRefresh = (server: ServerName, queried: KeysQueried, { documents, keys }: Known): boolean => {
    const newest = documents.get(server)?.at(-1);
    if (!newest || newest.validUntilTs < queried.minimumTs || isStale(newest, clock.now())) return true;
    return [...queried.keys].some(([keyId, minimumTs]) => {
      const key = keys.get(server)?.find((each) => each.keyId === keyId);
      return !key || (key.expiredTs === null && key.validUntilTs < minimumTs);
    });
  };

  const refreshed = async (queries: ReadonlyMap<ServerName, KeysQueried>, known: Known): Promise<Known> => {
    const stale = [...queries].flatMap(([server, queried]) => (wantsRefresh(server, queried, known) ? [server] : []));
    if (stale.length === 0) return known;
    const done = new AbortController();
    const all = Promise.all(stale.map(ring.refresh)).finally(() => done.abort());
    await Promise.race([all, clock.sleep(FETCH_TIMEOUT_MS, done.signal).catch(() => all)]);
    return read([...queries.keys()]);
  };

  const vouched = (text: string): string => canonicalJson(signJson(JSON.parse(text) as JsonObject, signer));

  /** Those documents that hold a key that was asked for; all, when none does. */
  const chosen = (documents: readonly StoredKeyDocument[], queried: KeysQueried): readonly StoredKeyDocument[] => {
    const holding = documents.filter(({ text }) =>
      [...queried.keys.keys()].some((keyId) => text.includes(JSON.stringify(keyId))),
    );
    return holding.length > 0 ? holding : documents;
  };

  return {
    /** Canonical JSON of each document, signed by its server and by this one. */
    async query(queries: ReadonlyMap<ServerName, KeysQueried>): Promise<string[]> {
      const others = new Map([...queries].filter(([server]) => server !== signer.name));
      const known = others.size === 0 ? undefined : await refreshed(others, await read([...others.keys()]));
      const texts = [...others].flatMap(([server, queried]) =>
        chosen(known?.documents.get(server) ?? [], queried).map(({ text }) => vouched(text)),
      );
      return others.size < queries.size ? [own.document(), ...texts] : texts;
    },
  };
}
