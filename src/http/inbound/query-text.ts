// The query part of a request target, decoded once.

import { invalidParam } from '../../protocol/errors/matrix-error.ts';

export interface QueryText {
  /** The first value of the name. */
  get(name: string): string | undefined;
  /** Every value of the name, in order. */
  all(name: string): readonly string[];
}

const none: readonly string[] = [];
export const emptyQuery: QueryText = { get: () => undefined, all: () => none };

function decode(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (cause) {
    throw invalidParam('The query has an invalid percent-encoding.', { cause });
  }
}

/** `text` is what follows the `?`. Throws M_INVALID_PARAM on invalid percent-encoding and on NUL. */
export function parseQueryText(text: string): QueryText {
  if (text === '') return emptyQuery;
  const values = new Map<string, string[]>();
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? '' : decode(pair.slice(equals + 1));
    if (value.includes('\0')) throw invalidParam(`The query parameter ${JSON.stringify(name)} holds a NUL character.`);
    const known = values.get(name);
    if (known) known.push(value);
    else values.set(name, [value]);
  }
  return { get: (name) => values.get(name)?.[0], all: (name) => values.get(name) ?? none };
}
