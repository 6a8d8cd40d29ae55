// Reads the members of a client's filter, each with its own error. Client-Server API, "Filtering".

import { badJson, invalidParam } from '../errors/matrix-error.ts';
import type { Json, JsonObject } from '../events/json.ts';

const LIST_ENTRIES_MAX = 5000;
const ENTRY_LENGTH_MAX = 1024;
/** More than this many events are never returned at once, whatever the filter says. */
export const FILTER_LIMIT_MAX = 1000;

/** One object of the filter and how it is called in errors. */
export interface FilterObject {
  readonly fields: JsonObject;
  readonly path: string;
}

export const nameOf = ({ path }: FilterObject, key: string): string => (path === '' ? key : `${path}.${key}`);

export function filterObject(value: Json | undefined, path: string): FilterObject {
  if (value === undefined) return { fields: {}, path };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badJson(`${path === '' ? 'the filter' : path} must be an object`);
  }
  return { fields: value, path };
}

const field = ({ fields }: FilterObject, key: string): Json | undefined =>
  Object.hasOwn(fields, key) ? fields[key] : undefined;

export const childObject = (parent: FilterObject, key: string): FilterObject =>
  filterObject(field(parent, key), nameOf(parent, key));

export function booleanField(object: FilterObject, key: string): boolean | undefined {
  const value = field(object, key);
  if (value !== undefined && typeof value !== 'boolean') throw badJson(`${nameOf(object, key)} must be a boolean`);
  return value;
}

/** Undefined: the list is absent. `sigil`: what every entry must start with. */
export function listField(object: FilterObject, key: string, sigil = ''): readonly string[] | undefined {
  const value = field(object, key);
  if (value === undefined) return undefined;
  const name = nameOf(object, key);
  if (!Array.isArray(value)) throw badJson(`${name} must be an array`);
  if (value.length > LIST_ENTRIES_MAX) throw invalidParam(`${name} has more than ${LIST_ENTRIES_MAX} entries`);
  return value.map((entry, index) => {
    if (typeof entry !== 'string') throw badJson(`${name}[${index}] must be a string`);
    if (entry.length > ENTRY_LENGTH_MAX) throw invalidParam(`${name}[${index}] is too long`);
    if (!entry.startsWith(sigil)) throw invalidParam(`${name}[${index}] must start with ${sigil}`);
    return entry;
  });
}

/** At most FILTER_LIMIT_MAX; undefined when absent. Zero is let through: clients ask for no events with it. */
export function limitField(object: FilterObject): number | undefined {
  const value = field(object, 'limit');
  if (value === undefined) return undefined;
  const name = nameOf(object, 'limit');
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw badJson(`${name} must be an integer`);
  if (value < 0) throw invalidParam(`${name} must not be negative`);
  return Math.min(value, FILTER_LIMIT_MAX);
}

export function choiceField<C extends string>(object: FilterObject, key: string, choices: readonly C[]): C | undefined {
  const value = field(object, key);
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw badJson(`${nameOf(object, key)} must be a string`);
  const choice = choices.find((each) => each === value);
  if (choice === undefined) throw invalidParam(`${nameOf(object, key)} must be one of ${choices.join(', ')}`);
  return choice;
}
