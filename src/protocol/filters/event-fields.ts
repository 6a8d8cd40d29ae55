// event_fields of a filter: which properties of an event a client wants. Client-Server API, "Filtering".

import { isJsonObject, type JsonObject } from '../events/json.ts';
import { parsePropertyPath } from '../events/property-path.ts';

/** By property name: everything below, or further names. */
export interface FieldTree {
  readonly [name: string]: FieldTree | true;
}

type Growing = { [name: string]: Growing | true };

const DEPTH_MAX = 100;

/** `paths`: dot-separated property paths. */
export function fieldTree(paths: readonly string[]): FieldTree {
  const root: Growing = Object.create(null);
  for (const path of paths) {
    const keys = parsePropertyPath(path).slice(0, DEPTH_MAX);
    let here = root;
    for (const key of keys.slice(0, -1)) {
      const next = here[key] ?? (Object.create(null) as Growing);
      here[key] = next;
      if (next === true) break;
      here = next;
    }
    if (!covers(root, keys)) here[keys.at(-1)!] = true;
  }
  return root;
}

/** Whether a shorter path already keeps everything at `keys`. */
function covers(root: Growing, keys: readonly string[]): boolean {
  let here: Growing | true | undefined = root;
  for (const key of keys) {
    here = here[key];
    if (here === true) return true;
    if (here === undefined) return false;
  }
  return false;
}

/** A copy of `event` with only the wanted properties; what is not there is left out. */
export function pickFields(event: JsonObject, tree: FieldTree): JsonObject {
  const picked: JsonObject = Object.create(null);
  for (const name in tree) {
    const wanted = tree[name];
    const value = Object.hasOwn(event, name) ? event[name] : undefined;
    if (value === undefined) continue;
    if (wanted === true) picked[name] = value;
    else if (wanted !== undefined && isJsonObject(value)) {
      const below = pickFields(value, wanted);
      if (Object.keys(below).length > 0) picked[name] = below;
    }
  }
  return picked;
}
