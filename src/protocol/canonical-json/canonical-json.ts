// Canonical JSON: the one text of a value that is hashed, signed and stored.
// Appendices, "Canonical JSON"; room version 6, "Canonical JSON".
//
// What the text leaves open is decided here: -0 is written as 0 and 1e3 as 1000 (they are those integers); NUL and other
// control characters are written as escapes; values nested deeper than jsonDepthMax are refused in both modes; a lone
// surrogate cannot be written in UTF-8, so strict refuses it and lossless writes its \u escape.

import { badJson } from '../errors/matrix-error.ts';
import type { Json } from '../events/json.ts';
import { losslessNumber, losslessRawNumber, strictNumber } from './canonical-number.ts';
import { compareCodePoints } from './compare-code-points.ts';
import { RawNumber } from './raw-number.ts';

/** Objects and arrays within one another, the outermost counted. */
export const jsonDepthMax = 128;

/** strict: since room version 6, and everything that is not an event. lossless: events of room versions 1 to 5. */
export type CanonicalMode = 'strict' | 'lossless';

/** Throws M_BAD_JSON for numbers, strings or depths that the mode does not allow. */
export const canonicalJson = (value: Json, mode: CanonicalMode = 'strict'): string =>
  write(value, mode === 'strict', 0);

/** A string as canonical JSON has it, quoted. Throws M_BAD_JSON for a lone surrogate in strict mode. */
export const canonicalString = (text: string, mode: CanonicalMode = 'strict'): string =>
  writeString(text, mode === 'strict');

const write = (value: Json, strict: boolean, depth: number): string => {
  if (typeof value === 'string') return writeString(value, strict);
  if (typeof value === 'number') return strict ? strictNumber(value) : losslessNumber(value);
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (value === null) return 'null';
  if (typeof value !== 'object') throw new TypeError(`No JSON for a ${typeof value}`);
  if (depth === jsonDepthMax) throw badJson(`JSON is nested deeper than ${jsonDepthMax} levels`);
  if (Array.isArray(value)) {
    let text = '[';
    for (let i = 0; i < value.length; i++) text += (i === 0 ? '' : ',') + write(value[i]!, strict, depth + 1);
    return `${text}]`;
  }
  if (value instanceof RawNumber) {
    if (strict) throw badJson('Numbers must be integers between -(2^53)+1 and (2^53)-1');
    return losslessRawNumber(value);
  }
  const keys = sortedKeys(value);
  let text = '{';
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    text += (i === 0 ? '' : ',') + writeKey(key, strict) + write(value[key]!, strict, depth + 1);
  }
  return `${text}}`;
};

/** Units of printable ASCII need no escape; the rest goes the slow way. */
const isPlainKey = (key: string): boolean => {
  for (let i = 0; i < key.length; i++) {
    const c = key.charCodeAt(i);
    if (c > 0x7e || c < 0x20 || c === 0x22 || c === 0x5c) return false;
  }
  return true;
};

const writeKey = (key: string, strict: boolean): string =>
  isPlainKey(key) ? `"${key}":` : `${writeString(key, strict)}:`;

/** What JSON escapes, and surrogates. */
const needsCare = /[^ !#-[\]-\ud7ff\ue000-\uffff]/;
const plainTestMax = 200;

const writeString = (text: string, strict: boolean): string => {
  if (text.length < plainTestMax && !needsCare.test(text)) return `"${text}"`;
  if (strict && !text.isWellFormed()) throw badJson('A string holds half of a surrogate pair');
  return JSON.stringify(text);
};

const insertionSortMax = 16;

/** By code point. The order of UTF-16 units is the same unless units above the surrogates meet surrogates. */
export const sortedKeys = (object: object): string[] => {
  const keys = Object.keys(object);
  let highUnits = false;
  for (const key of keys) highUnits ||= !isPlainKey(key) && hasSurrogate.test(key);
  if (highUnits) return keys.sort(compareCodePoints);
  if (keys.length > insertionSortMax) return keys.sort();
  for (let i = 1; i < keys.length; i++) {
    const key = keys[i]!;
    let j = i - 1;
    for (; j >= 0 && keys[j]! > key; j--) keys[j + 1] = keys[j]!;
    keys[j + 1] = key;
  }
  return keys;
};

const hasSurrogate = /[\ud800-\udfff]/;
