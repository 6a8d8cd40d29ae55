// Damages JSON by chance that is drawn from a seed: values at any depth, and the text itself.

import type { Json, JsonObject } from '../../../src/protocol/events/json.ts';
import type { SeededRandom } from '../../harness/seeded-random.ts';

/** Pieces of text that JSON.stringify would not write; a value names them by their place. */
const RAW = [
  '1e400',
  '-0',
  '1.0',
  '123456789012345678901234567890',
  `${'['.repeat(60)}${']'.repeat(60)}`,
  `${'{"a":'.repeat(110)}1${'}'.repeat(110)}`,
  `${'['.repeat(10_000)}${']'.repeat(10_000)}`,
  '{"__proto__":{"membership":"join"}}',
  '{"a":1,"a":2}',
];

const JUNK: readonly (() => Json)[] = [
  () => null,
  () => true,
  () => 0,
  () => -1,
  () => 2 ** 53 - 1,
  () => 2 ** 53,
  () => 1.5,
  ...RAW.map((_, at) => () => `@@${at}@@`),
  () => '',
  () => '\u0000',
  () => '\ud800',
  () => '\u202e💥',
  () => 'x'.repeat(300),
  () => 'x'.repeat(70_000),
  () => '__proto__',
  () => 'constructor',
  () => '@',
  () => '!',
  () => '$',
  () => '@bob:',
  () => '@bob:[::1]:99999',
  () => `$${'A'.repeat(43)}`,
  () => '!room:evil.example:1',
  () => [],
  () => ({}),
  () => [[]],
  () => ({ '': {} }),
  () => Array<Json>(2000).fill('x'),
  () => Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`k${at}`, at])),
];

interface Place {
  readonly parent: Json[] | JsonObject;
  readonly key: string | number;
}

const PLACES_MAX = 300;

const placesIn = (value: Json): Place[] => {
  const places: Place[] = [];
  const pending: Json[] = [value];
  for (let one = pending.pop(); one !== undefined && places.length < PLACES_MAX; one = pending.pop()) {
    if (typeof one !== 'object' || one === null) continue;
    const keys: (string | number)[] = Array.isArray(one) ? [...one.keys()] : Object.keys(one);
    for (const key of keys.slice(0, 50)) {
      places.push({ parent: one as Json[] | JsonObject, key });
      pending.push((one as Record<string | number, Json>)[key]!);
    }
  }
  return places;
};

const changedText = (text: string, random: SeededRandom): string => {
  const at = random.below(text.length + 1);
  return random.pick([
    `${text.slice(0, at)}${text.slice(at + 1)}`,
    `${text.slice(0, at)}${random.pick(['a', 'Z', ':', '"', '\n', '\u0000', 'é', '='])}${text.slice(at)}`,
    text.toUpperCase(),
    `${text} `,
    text + text,
  ]);
};

const near = (value: Json, random: SeededRandom): Json => {
  if (typeof value === 'number') return value + random.pick([1, -1, 1000, -value, 0.5]);
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'string') return changedText(value, random);
  if (Array.isArray(value)) return random.chance(0.5) ? [...value, ...value] : value.slice(1);
  return random.pick(JUNK)();
};

const changeOne = (value: Json, random: SeededRandom): void => {
  const places = placesIn(value);
  if (places.length === 0) return;
  const { parent, key } = random.pick(places);
  const holder = parent as Record<string | number, Json>;
  const lot = random.below(100);
  if (lot < 20) {
    if (Array.isArray(parent)) parent.splice(key as number, 1);
    else delete parent[key];
  } else if (lot < 50) holder[key] = random.pick(JUNK)();
  else if (lot < 80) holder[key] = near(holder[key]!, random);
  else if (lot < 90) {
    const other = random.pick(places);
    holder[key] = structuredClone((other.parent as Record<string | number, Json>)[other.key] ?? null);
  } else if (Array.isArray(parent)) parent.push(structuredClone(holder[key]!));
  else parent[changedText(String(key), random)] = structuredClone(holder[key]!);
};

/** A copy with one to three changes. */
export const mutated = <T extends Json>(value: T, random: SeededRandom): T => {
  const copy = structuredClone(value);
  for (let left = random.between(1, 3); left > 0; left--) changeOne(copy, random);
  return copy;
};

/** JSON text of a value that `mutated` made. */
export const textOf = (value: Json): string => {
  const text = JSON.stringify(value);
  // Behind a backslash the quote is one within a string.
  return text.includes('"@@')
    ? text.replaceAll(/(?<!\\)"@@(\d)@@"/g, (whole, at: string) => RAW[Number(at)] ?? whole)
    : text;
};

const PIECES = ['"', '{', '}', '[', ']', ',', ':', '\\', '\\u0000', '\\ud800', '1e9', 'null', '\u0000', '\uffff', ' '];

/** A copy of a text with some bytes gone, doubled or replaced. */
export const mutatedText = (text: string, random: SeededRandom): string => {
  let changed = text;
  for (let left = random.between(1, 3); left > 0; left--) {
    const at = random.below(changed.length + 1);
    const length = random.pick([0, 1, 1, 2, random.below(40)]);
    const piece = random.pick([random.pick(PIECES), '', changed.slice(at, at + length).repeat(2)]);
    changed = changed.slice(0, at) + piece + changed.slice(at + length);
  }
  return changed;
};
