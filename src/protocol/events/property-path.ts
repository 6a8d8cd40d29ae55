// Dot-separated property paths, such as content.m\.relates_to. Matrix specification, Appendices.

import type { Json } from './json.ts';

/** The property names along `path`. A backslash escapes a dot or a backslash and stands for itself before anything else. */
export function parsePropertyPath(path: string): string[] {
  const keys: string[] = [];
  let key = '';
  for (let at = 0; at < path.length; at++) {
    const character = path[at]!;
    const next = path[at + 1];
    if (character === '\\' && (next === '.' || next === '\\')) {
      key += next;
      at++;
    } else if (character === '.') {
      keys.push(key);
      key = '';
    } else key += character;
  }
  keys.push(key);
  return keys;
}

/** The value under `keys` from the index `start` on, or undefined where the path leaves the objects. */
export function propertyAt(value: Json | undefined, keys: readonly string[], start = 0): Json | undefined {
  let here = value;
  for (let index = start; index < keys.length; index++) {
    if (typeof here !== 'object' || here === null || Array.isArray(here)) return undefined;
    const key = keys[index]!;
    here = Object.hasOwn(here, key) ? here[key] : undefined;
  }
  return here;
}
