// Reading keys that strangers chose from JSON objects: inherited properties such as "constructor" are not there.

import { isRawNumber } from '../canonical-json/raw-number.ts';
import type { Json, JsonObject } from '../events/json.ts';

export function ownValue(object: JsonObject | undefined, key: string): Json | undefined {
  return object !== undefined && Object.hasOwn(object, key) ? object[key] : undefined;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawNumber(value);
}
