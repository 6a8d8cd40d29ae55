// The body of a transaction: its events and EDUs, as many as there may be.
// Server-Server API, "Transactions".

import { parseJsonLossless } from '../../protocol/canonical-json/parse-json.ts';
import { scanJson } from '../../protocol/canonical-json/scan-json.ts';
import { badJson } from '../../protocol/errors/matrix-error.ts';
import { isJsonObject, type Json, type JsonObject } from '../../protocol/events/json.ts';

export interface TransactionContent {
  readonly pdus: readonly Json[];
  readonly edus: readonly JsonObject[];
}

/** "They can have at most 50 PDUs and 100 EDUs." */
export const PDUS_MAX = 50;
const EDUS_MAX = 100;

/**
 * The body without loss. `parsed`: as JSON.parse made it of `text`, which is right unless a number in it needs care. The depth
 * of an event is left to its own check: one event does not refuse the others.
 */
export const losslessBody = (parsed: JsonObject, text: string): JsonObject => {
  if (!scanJson(text, Infinity).hasUnusualNumber) return parsed;
  const body = parseJsonLossless(text);
  return isJsonObject(body) ? body : parsed;
};

const listOf = (body: JsonObject, key: string, max: number): Json[] => {
  const list = Object.hasOwn(body, key) ? body[key] : [];
  if (!Array.isArray(list)) throw badJson(`${key} must be an array`);
  if (list.length > max) throw badJson(`A transaction has at most ${max} ${key}`);
  return list;
};

/** Throws M_BAD_JSON. */
export const readTransaction = (body: JsonObject): TransactionContent => ({
  pdus: listOf(body, 'pdus', PDUS_MAX),
  edus: listOf(body, 'edus', EDUS_MAX).filter(isJsonObject),
});
