// The path and query of a request to another server, as they are signed and sent.

import { assert } from '../../lib/assert.ts';

type QueryValue = string | number | boolean | readonly string[] | undefined;
/** Lists become repeated parameters; undefined is left out. */
export type PeerQuery = Readonly<Record<string, QueryValue>>;

const parameters = (query: PeerQuery): string[] =>
  Object.entries(query).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const values = typeof value === 'object' ? value : [value];
    return values.map((each) => `${encodeURIComponent(name)}=${encodeURIComponent(String(each))}`);
  });

/**
 * `path` is percent-encoded already. A URL parser would resolve dot segments and rewrite some characters: what is signed
 * must be what is sent, so such a path is a mistake of ours.
 */
export function requestUri(path: string, query: PeerQuery = {}): string {
  const pairs = parameters(query);
  const url = new URL(pairs.length === 0 ? path : `${path}?${pairs.join('&')}`, 'https://peer.invalid');
  assert(url.pathname === path && url.hash === '' && url.host === 'peer.invalid', `${path} is no plain path`);
  return url.pathname + url.search;
}
