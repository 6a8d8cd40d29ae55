// Reading keys that strangers chose from JSON objects: inherited properties such as "constructor" are not there.

import type { Json, JsonObject } from '../events/json.ts';

export function ownValue(object: JsonObject | undefined, key: string): Json | undefined {
  return object !== undefined && Object.hasOwn(object, key) ? object[key] : undefined;
}
