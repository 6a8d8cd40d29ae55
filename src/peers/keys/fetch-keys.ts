// Gets key documents over the network: from a server itself, or from a notary that vouches for others.
// Server-Server API, "Retrieving server keys".

import type { Clock } from '../../lib/clock.ts';
import { asJsonList, isJsonObject, type JsonObject } from '../../protocol/events/json.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import { verifyJsonAsync } from '../../protocol/signing/sign-json.ts';
import { signaturesOf } from '../../protocol/signing/signatures.ts';
import type { SeenKeyDocument } from '../../storage/stores/server-keys.ts';
import type { Exchange } from '../calls/exchange.ts';
import { readAnswer } from '../calls/read-answer.ts';
import { PeerError } from '../peer-error.ts';
import { type KeyDocument, verifyKeyDocument } from './key-document.ts';
import { type KeyWanted, VALIDITY_MS_MAX } from './verify-key.ts';

export interface FetchDeps {
  readonly exchange: Exchange;
  readonly clock: Clock;
}

const DIRECT_TIMEOUT_MS = 10_000;
const DIRECT_SIZE_BYTES_MAX = 256 * 1024;
const NOTARY_TIMEOUT_MS = 20_000;
const NOTARY_SIZE_BYTES_MAX = 4 * 1024 * 1024;
const jsonHeaders = { Accept: 'application/json' };

const seenDocument = (document: KeyDocument, source: ServerName, now: number): SeenKeyDocument => ({
  serverName: document.serverName,
  keys: document.keys,
  validUntilTs: Math.min(document.validUntilTs, now + VALIDITY_MS_MAX),
  text: document.text,
  source,
  fetchedTs: now,
});

/** Throws PeerError; `signature` when what it says of itself cannot be believed. */
export async function fetchDirectly(server: ServerName, { exchange, clock }: FetchDeps): Promise<SeenKeyDocument> {
  const answer = await exchange.send({
    destination: server,
    method: 'GET',
    uri: '/_matrix/key/v2/server',
    headers: jsonHeaders,
    timeoutMs: DIRECT_TIMEOUT_MS,
    responseSizeBytesMax: DIRECT_SIZE_BYTES_MAX,
  });
  const verdict = await verifyKeyDocument((await readAnswer(server, answer)).json(), server);
  if (!verdict.ok) throw new PeerError(server, 'signature', `its key document is refused: ${verdict.why}`);
  return seenDocument(verdict.document, server, clock.now());
}

/** The body of POST /_matrix/key/v2/query. */
const queryOf = (wants: readonly KeyWanted[]): JsonObject => {
  const byServer = Map.groupBy(wants, ({ server }) => server);
  const servers = [...byServer].map(([server, keys]) => [
    server,
    Object.fromEntries(keys.map(({ keyId, atTs }) => [keyId, { minimum_valid_until_ts: atTs }])),
  ]);
  return { server_keys: Object.fromEntries(servers) as JsonObject };
};

/** The notary's current keys, by their ids. */
export type NotaryKeys = ReadonlyMap<string, string>;

async function isVouchedFor(value: JsonObject, notary: ServerName, keys: NotaryKeys): Promise<boolean> {
  for (const keyId of signaturesOf(value, notary).keys()) {
    const publicKey = keys.get(keyId);
    if (publicKey !== undefined && (await verifyJsonAsync(value, notary, keyId, publicKey))) return true;
  }
  return false;
}

/** Documents that both their server and the notary signed; others of the answer are passed over. Throws PeerError. */
export async function fetchFromNotary(
  notary: ServerName,
  keys: NotaryKeys,
  wants: readonly KeyWanted[],
  { exchange, clock }: FetchDeps,
): Promise<SeenKeyDocument[]> {
  const answer = await exchange.send({
    destination: notary,
    method: 'POST',
    uri: '/_matrix/key/v2/query',
    headers: { ...jsonHeaders, 'Content-Type': 'application/json' },
    body: JSON.stringify(queryOf(wants)),
    timeoutMs: NOTARY_TIMEOUT_MS,
    responseSizeBytesMax: NOTARY_SIZE_BYTES_MAX,
  });
  const list = (await readAnswer(notary, answer)).json().server_keys;
  const servers = new Set<string>(wants.map(({ server }) => server));
  const documents: SeenKeyDocument[] = [];
  for (const value of asJsonList(list)) {
    if (!isJsonObject(value) || typeof value.server_name !== 'string' || !servers.has(value.server_name)) continue;
    // What was asked for is a server name, so what equals it is one.
    const verdict = await verifyKeyDocument(value, value.server_name as ServerName);
    if (!verdict.ok || !(await isVouchedFor(value, notary, keys))) continue;
    documents.push(seenDocument(verdict.document, notary, clock.now()));
  }
  return documents;
}
