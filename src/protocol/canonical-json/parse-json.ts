// Parsing of JSON from strangers: bounded depth, precise errors, and losslessly where events of old rooms may stand.
// Client-Server API, "Common error codes"; appendices, "Canonical JSON". Of duplicate keys the last one counts.

import { badJson, notJson } from '../errors/matrix-error.ts';
import type { Json } from '../events/json.ts';
import { jsonDepthMax } from './canonical-json.ts';
import { RawNumber } from './raw-number.ts';
import { scanJson } from './scan-json.ts';

/** A body may wrap an event of the greatest depth in some levels of its own. */
export const bodyDepthMax = jsonDepthMax + 8;

/**
 * For bodies of clients. Throws M_NOT_JSON for what is no JSON, M_BAD_JSON for nesting beyond bodyDepthMax and for strings
 * with half of a surrogate pair. Numbers become doubles: floats are legal in bodies, only events refuse them.
 */
export const parseStrictJson = (text: string): Json => {
  scanJson(text, bodyDepthMax);
  const value: Json = parse(text);
  if (surrogateEscape.test(text) && !isWellFormed(value)) throw badJson('A string holds half of a surrogate pair');
  return value;
};

/**
 * For texts that may hold events of room versions 1 to 5: bodies of servers, stored events. Floats and integers beyond
 * ±(2^53-1) become RawNumber, but an integer written with an exponent only (1e3) becomes that integer if a double holds it.
 * Errors as parseStrictJson, save that lone surrogates are kept.
 */
export const parseJsonLossless = (text: string): Json =>
  scanJson(text, bodyDepthMax).hasUnusualNumber ? parse(text, keepNumber) : parse(text);

type SourceReviver = (key: string, value: unknown, context?: { source?: string }) => unknown;

const parse = (text: string, reviver?: SourceReviver): Json => {
  try {
    return JSON.parse(text, reviver);
  } catch (cause) {
    throw notJson('The text is not JSON', { cause });
  }
};

const keepNumber: SourceReviver = (_key, value, context) => {
  if (typeof value !== 'number') return value;
  const source = context?.source ?? String(value);
  return Number.isSafeInteger(value) && !source.includes('.') ? value + 0 : new RawNumber(source);
};

/** Only an escape can bring half of a pair: the text itself was decoded from UTF-8. */
const surrogateEscape = /\\u[dD][89a-fA-F]/;

const isWellFormed = (value: Json): boolean => {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every(isWellFormed);
  return Object.entries(value).every(([key, member]) => key.isWellFormed() && isWellFormed(member));
};
