// The signing keys of other servers, and the documents in which they were published.
// Server-Server API, "Retrieving server keys".

import type { ServerName } from '../../protocol/ids/branded.ts';
import type { ReadTx, WriteTx } from '../database.ts';
import { writer } from '../database.ts';

export interface StoredServerKey {
  readonly serverName: ServerName;
  /** `ed25519:<version>`. */
  readonly keyId: string;
  /** Unpadded base64. */
  readonly publicKey: string;
  readonly validUntilTs: number;
  /** null: in use. */
  readonly expiredTs: number | null;
}

export interface SeenServerKey {
  readonly keyId: string;
  readonly publicKey: string;
  readonly expiredTs: number | null;
}

/** A document whose signatures were verified. */
export interface SeenKeyDocument {
  readonly serverName: ServerName;
  readonly keys: readonly SeenServerKey[];
  readonly validUntilTs: number;
  /** Canonical JSON. */
  readonly text: string;
  /** The server that gave it: the one it is about, or a notary. */
  readonly source: ServerName;
  readonly fetchedTs: number;
}

export interface RefusedServerKey {
  readonly serverName: ServerName;
  readonly keyId: string;
  readonly keptPublicKey: string;
  readonly publicKey: string;
  readonly source: ServerName;
  /** This very key was refused before. */
  readonly isKnown: boolean;
}

export interface SavedServerKeys {
  /** The documents' keys as they are known now; without those refused. */
  readonly keys: readonly StoredServerKey[];
  readonly refused: readonly RefusedServerKey[];
}

/** Servers have a handful; one that makes up more fills our disk. */
const KEYS_OF_SERVER_MAX = 500;
const CONFLICTS_OF_SERVER_MAX = 100;

const SELECT_KEY = `SELECT server_name AS "serverName", key_id AS "keyId", public_key AS "publicKey",
  valid_until_ts AS "validUntilTs", expired_ts AS "expiredTs" FROM server_keys`;

export const serverKeysOf = (tx: ReadTx, serverName: ServerName): Promise<StoredServerKey[]> =>
  tx.all(`${SELECT_KEY} WHERE server_name = ? ORDER BY key_id`, serverName);

/** Every key of these servers. */
export const serverKeysOfAll = (tx: ReadTx, serverNames: readonly ServerName[]): Promise<StoredServerKey[]> =>
  serverNames.length === 0
    ? Promise.resolve([])
    : tx.all(`${SELECT_KEY} WHERE ${tx.dialect.anyText('server_name')}`, tx.dialect.list(serverNames));

interface KeyState extends StoredServerKey {
  readonly document: number | null;
}

/** What the new document says of a known key: the origin's word counts at once, a notary's when it is as recent. */
function renewed(known: KeyState, seen: SeenServerKey, document: SeenKeyDocument, nid: number | null): KeyState {
  const isDirect = document.source === document.serverName;
  const isNewer = document.validUntilTs >= known.validUntilTs;
  const expiredTs = isDirect || isNewer ? seen.expiredTs : known.expiredTs;
  // A shorter validity than was promised before takes nothing back: signatures made meanwhile stay good.
  const validUntilTs = seen.expiredTs === null && isNewer ? document.validUntilTs : known.validUntilTs;
  const proves = isNewer || expiredTs !== known.expiredTs;
  return { ...known, expiredTs, validUntilTs, document: proves && nid !== null ? nid : known.document };
}

const refuse = async (
  tx: WriteTx,
  known: StoredServerKey,
  publicKey: string,
  { source, fetchedTs }: SeenKeyDocument,
): Promise<RefusedServerKey> => {
  const { serverName, keyId } = known;
  const seen = await tx.run(
    `UPDATE server_key_conflicts SET last_seen_ts = ?, source = ?, times = times + 1
     WHERE server_name = ? AND key_id = ? AND public_key = ?`,
    fetchedTs,
    source,
    serverName,
    keyId,
    publicKey,
  );
  const { count } = (await tx.get<{ count: number }>(
    'SELECT count(*) AS "count" FROM server_key_conflicts WHERE server_name = ?',
    serverName,
  ))!;
  if (seen === 0 && count < CONFLICTS_OF_SERVER_MAX) {
    await tx.run(
      `INSERT INTO server_key_conflicts (server_name, key_id, public_key, source, first_seen_ts, last_seen_ts, times)
       VALUES (?, ?, ?, ?, ?, ?, 1)`,
      serverName,
      keyId,
      publicKey,
      source,
      fetchedTs,
      fetchedTs,
    );
  }
  return { serverName, keyId, publicKey, source, keptPublicKey: known.publicKey, isKnown: seen > 0 };
};

const insertDocument = async (tx: WriteTx, document: SeenKeyDocument): Promise<number> =>
  (await tx.get<{ nid: number }>(
    `INSERT INTO server_key_documents (server_name, document, fetched_ts, valid_until_ts) VALUES (?, ?, ?, ?)
     RETURNING nid`,
    document.serverName,
    document.text,
    document.fetchedTs,
    document.validUntilTs,
  ))!.nid;

const saveDocument = async (tx: WriteTx, document: SeenKeyDocument): Promise<SavedServerKeys> => {
  const { serverName, fetchedTs, validUntilTs } = document;
  const rows = await tx.all<KeyState>(
    `${SELECT_KEY.replace(' FROM', ', document AS "document" FROM')} WHERE server_name = ?`,
    serverName,
  );
  const known = new Map(rows.map((row) => [row.keyId, row]));
  const refused: RefusedServerKey[] = [];
  for (const { keyId, publicKey } of document.keys) {
    const kept = known.get(keyId);
    if (kept && kept.publicKey !== publicKey) refused.push(await refuse(tx, kept, publicKey, document));
  }
  const refusedIds = new Set(refused.map(({ keyId }) => keyId));
  // A document that holds a refused key is not passed on to others.
  const nid = refused.length > 0 ? null : await insertDocument(tx, document);
  let room = KEYS_OF_SERVER_MAX - known.size;
  const states = document.keys
    .filter(({ keyId }) => !refusedIds.has(keyId))
    .flatMap((seen): KeyState[] => {
      const before = known.get(seen.keyId);
      if (before) return [renewed(before, seen, document, nid)];
      room -= 1;
      return room < 0 ? [] : [{ ...seen, serverName, validUntilTs, document: nid }];
    });
  await tx.runMany(
    `INSERT INTO server_keys (server_name, key_id, public_key, valid_until_ts, expired_ts, first_seen_ts, document)
     VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (server_name, key_id) DO UPDATE SET valid_until_ts = excluded.valid_until_ts,
       expired_ts = excluded.expired_ts, document = excluded.document`,
    states.map((key) => [
      serverName,
      key.keyId,
      key.publicKey,
      key.validUntilTs,
      key.expiredTs,
      fetchedTs,
      key.document,
    ]),
  );
  await tx.run(
    `DELETE FROM server_key_documents WHERE server_name = ? AND nid NOT IN
       (SELECT document FROM server_keys WHERE server_name = ? AND document IS NOT NULL)`,
    serverName,
    serverName,
  );
  return { keys: states.map(({ document: _document, ...key }) => key), refused };
};

/** "First seen wins": a key of another value than the known one of its id is recorded and not taken. */
export const saveServerKeys = writer(
  'saveServerKeys',
  async (tx, documents: readonly SeenKeyDocument[]): Promise<SavedServerKeys> => {
    const keys: StoredServerKey[] = [];
    const refused: RefusedServerKey[] = [];
    for (const document of documents) {
      const saved = await saveDocument(tx, document);
      keys.push(...saved.keys);
      refused.push(...saved.refused);
    }
    return { keys, refused };
  },
);

export interface StoredKeyDocument {
  readonly serverName: ServerName;
  /** Canonical JSON with the server's signatures. */
  readonly text: string;
  readonly fetchedTs: number;
  readonly validUntilTs: number;
}

/** Oldest first within each server. */
export const keyDocumentsOf = (tx: ReadTx, serverNames: readonly ServerName[]): Promise<StoredKeyDocument[]> =>
  serverNames.length === 0
    ? Promise.resolve([])
    : tx.all(
        `SELECT server_name AS "serverName", document AS "text", fetched_ts AS "fetchedTs", valid_until_ts AS "validUntilTs"
         FROM server_key_documents WHERE ${tx.dialect.anyText('server_name')} ORDER BY nid`,
        tx.dialect.list(serverNames),
      );
