// Reads a body as a JSON object, saying exactly what is wrong with it.
// M_NOT_JSON: not UTF-8 or not JSON (RFC 8259). M_BAD_JSON: JSON that Matrix cannot carry: no object, nested deeper than
// `jsonDepthMax`, the same key twice, unpaired surrogates, or NUL. Content-Type is not looked at: clients send none,
// text/plain, or the form type, and mean JSON.

import { isUtf8 } from 'node:buffer';
import { badJson, notJson } from '../../protocol/errors/matrix-error.ts';
import type { Json, JsonObject } from '../../protocol/events/json.ts';

/** Far above what any client sends, and low enough for every recursive reader of JSON after this one. */
export const jsonDepthMax = 200;

export interface JsonBody {
  readonly value: JsonObject;
  readonly text: string;
}

/** Depth of nesting, and colons outside of strings: as many as there are keys, repeated ones included. */
function scan(bytes: Uint8Array): { depth: number; colons: number } {
  let depth = 0;
  let deepest = 0;
  let colons = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === 0x22) {
      i += 1;
      while (i < bytes.length && bytes[i] !== 0x22) i += bytes[i] === 0x5c ? 2 : 1;
    } else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      if (depth > deepest) deepest = depth;
    } else if (byte === 0x7d || byte === 0x5d) depth -= 1;
    else if (byte === 0x3a) colons += 1;
  }
  return { depth: deepest, colons };
}

function checkText(text: string): void {
  if (text.includes('\0')) throw badJson('The body holds a NUL character.');
  if (!text.isWellFormed()) throw badJson('The body holds an unpaired surrogate.');
}

/** Counts the keys of every object inside `value`, checking texts only when the body has escapes to hide them in. */
function countKeys(value: Json, hasEscapes: boolean): number {
  if (typeof value === 'string') {
    if (hasEscapes) checkText(value);
    return 0;
  }
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) count += countKeys(item, hasEscapes);
    return count;
  }
  for (const key in value) {
    if (hasEscapes) checkText(key);
    count += 1 + countKeys(value[key] as Json, hasEscapes);
  }
  return count;
}

/**
 * `lenient` is for other servers' requests: one event with repeated keys or odd text must not refuse the transaction
 * around it, so these are left to the event's own checks. An empty body is {}.
 */
export function parseJsonBody(bytes: Buffer, lenient = false): JsonBody {
  if (bytes.length === 0) return { value: {}, text: '' };
  if (!isUtf8(bytes)) throw notJson('The body is not valid UTF-8.');
  const { depth, colons } = scan(bytes);
  if (depth > jsonDepthMax) throw badJson(`The body is nested deeper than ${jsonDepthMax} levels.`);
  const text = bytes.toString('utf8');
  const value = parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badJson('The body must be a JSON object.');
  }
  if (!lenient && countKeys(value, text.includes('\\u')) !== colons) {
    throw badJson('The body holds an object with the same key twice.');
  }
  return { value, text };
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw notJson('The body is not valid JSON.', { cause });
  }
}
