// Reads and verifies what a server, or a notary in its place, publishes of its signing keys.
// Server-Server API, "Publishing Keys"; appendices, "Checking for a Signature".

import { canonicalJson } from '../../protocol/canonical-json/canonical-json.ts';
import { isRawNumber } from '../../protocol/canonical-json/raw-number.ts';
import { MatrixError } from '../../protocol/errors/matrix-error.ts';
import { isJsonObject, type Json, type JsonObject } from '../../protocol/events/json.ts';
import { decodeBase64, unpaddedBase64 } from '../../protocol/events/unpadded-base64.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import { signedJsonText } from '../../protocol/signing/sign-json.ts';
import { signaturesOf } from '../../protocol/signing/signatures.ts';
import { verifyTextAsync } from '../../protocol/signing/verify-text.ts';
import type { SeenServerKey } from '../../storage/stores/server-keys.ts';

export interface KeyDocument {
  readonly serverName: ServerName;
  readonly keys: readonly SeenServerKey[];
  /** As the server says; not yet capped. */
  readonly validUntilTs: number;
  /** The whole document, signatures included, as canonical JSON. */
  readonly text: string;
  readonly value: JsonObject;
}

export type KeyDocumentVerdict =
  | { readonly ok: true; readonly document: KeyDocument }
  | { readonly ok: false; readonly why: string };

const VERIFY_KEYS_MAX = 50;
const OLD_KEYS_MAX = 200;
const PUBLIC_KEY_SIZE_BYTES = 32;

/** The specification allows [a-zA-Z0-9_] after the algorithm; some servers are older than that rule. */
export const isReadableKeyId = (text: string): boolean => /^ed25519:[!-~]{1,200}$/.test(text);

const refused = (why: string): KeyDocumentVerdict => ({ ok: false, why });

const timeOf = (value: Json | undefined): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;

/** Keys of other algorithms and damaged ones are passed over. undefined: too many. */
function readKeys(list: Json | undefined, isOld: boolean): SeenServerKey[] | undefined {
  if (!isJsonObject(list)) return [];
  const entries = Object.entries(list).filter(([keyId]) => isReadableKeyId(keyId));
  if (entries.length > (isOld ? OLD_KEYS_MAX : VERIFY_KEYS_MAX)) return undefined;
  return entries.flatMap(([keyId, entry]) => {
    if (!isJsonObject(entry) || typeof entry.key !== 'string') return [];
    const bytes = decodeBase64(entry.key);
    const expiredTs = isOld ? timeOf(entry.expired_ts) : null;
    if (bytes?.length !== PUBLIC_KEY_SIZE_BYTES || expiredTs === undefined) return [];
    return [{ keyId, publicKey: unpaddedBase64(bytes), expiredTs }];
  });
}

/** At least one of the current keys must have signed it, and none of their signatures may be wrong. */
async function isSelfSigned(text: string, value: JsonObject, name: string, keys: readonly SeenServerKey[]) {
  const signatures = signaturesOf(value, name);
  const checks = keys.flatMap(({ keyId, publicKey }) => {
    const signature = signatures.get(keyId);
    return signature === undefined ? [] : [verifyTextAsync(text, signature, publicKey)];
  });
  const results = await Promise.all(checks);
  return results.length > 0 && results.every(Boolean);
}

/** The text that is signed, and the canonical text of the whole; undefined: it has none (floats, half surrogates). */
function textsOf(value: JsonObject): { signed: string; whole: string } | undefined {
  try {
    return { signed: signedJsonText(value), whole: canonicalJson(value) };
  } catch (error) {
    if (error instanceof MatrixError) return undefined;
    throw error;
  }
}

/** Whether the value is a key document of this server, signed by it. Signatures are checked on their thread. */
export async function verifyKeyDocument(value: Json, serverName: ServerName): Promise<KeyDocumentVerdict> {
  if (!isJsonObject(value) || isRawNumber(value)) return refused('it is no JSON object');
  if (value.server_name !== serverName) return refused('it is about another server');
  const validUntilTs = timeOf(value.valid_until_ts);
  if (validUntilTs === undefined) return refused('it has no valid_until_ts');
  const current = readKeys(value.verify_keys, false);
  const old = readKeys(value.old_verify_keys, true);
  if (!current || !old) return refused('it lists too many keys');
  if (current.length === 0) return refused('it has no ed25519 key');
  const texts = textsOf(value);
  if (!texts) return refused('it has no canonical form');
  if (!(await isSelfSigned(texts.signed, value, serverName, current))) return refused('its signature is wrong');
  const ids = new Set(current.map(({ keyId }) => keyId));
  const keys = [...current, ...old.filter(({ keyId }) => !ids.has(keyId))];
  return { ok: true, document: { serverName, keys, validUntilTs, text: texts.whole, value } };
}
