// The pairs of lists in filters: what is included, and what is excluded even then.

import { compileGlob, matchesWhole } from '../../lib/glob.ts';

export type StringTest = (text: string) => boolean;

/** Globs in one list are few in practice and bounded here: each costs work for every event. */
export const TYPE_PATTERNS_MAX = 100;

const either = (included: StringTest | undefined, excluded: StringTest | undefined): StringTest | undefined => {
  if (included === undefined) return excluded && ((text) => !excluded(text));
  return excluded === undefined ? included : (text) => included(text) && !excluded(text);
};

function exact(list: readonly string[] | undefined): StringTest | undefined {
  if (list === undefined) return undefined;
  const set = new Set(list);
  return (text) => set.has(text);
}

/** "A `*` can be used as a wildcard to match any sequence of characters." */
function pattern(text: string): StringTest {
  if (text.indexOf('*') === text.length - 1) {
    const prefix = text.slice(0, -1);
    return (type) => type.startsWith(prefix);
  }
  const glob = compileGlob(text, { questionMark: false });
  return (type) => matchesWhole(glob, type);
}

function types(list: readonly string[] | undefined): StringTest | undefined {
  if (list === undefined) return undefined;
  const set = new Set(list.filter((type) => !type.includes('*')));
  const patterns = list.filter((type) => type.includes('*')).map(pattern);
  if (patterns.length === 0) return (type) => set.has(type);
  return (type) => set.has(type) || patterns.some((matches) => matches(type));
}

/** Undefined: everything passes. An absent list includes all, an empty one nothing. */
export const includeExclude = (
  included: readonly string[] | undefined,
  excluded: readonly string[] | undefined,
): StringTest | undefined => either(exact(included), exact(excluded?.length ? excluded : undefined));

/** As includeExclude, with wildcards. */
export const includeExcludeTypes = (
  included: readonly string[] | undefined,
  excluded: readonly string[] | undefined,
): StringTest | undefined => either(types(included), types(excluded?.length ? excluded : undefined));
