// What m.room.member and m.room.history_visibility events say, remembered: redaction keeps it.

import { LruCache } from '../../lib/lru-cache.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { ReadTx } from '../../storage/database.ts';
import { contentsOf } from '../../storage/stores/events.ts';

/** membership or history_visibility of some events, by their nids; '' where there is none. */
export type Said = (tx: ReadTx, nids: readonly number[]) => Promise<ReadonlyMap<number, string>>;

/** About 60 bytes each. */
const WORDS_MAX = 100_000;

export const createSaid = (): Said => {
  const words = new LruCache<number, string>(WORDS_MAX);
  return async (tx, nids) => {
    const found = new Map<number, string>();
    const absent: number[] = [];
    for (const nid of nids) {
      const word = words.get(nid);
      if (word === undefined) absent.push(nid);
      else found.set(nid, word);
    }
    for (const [nid, content] of await contentsOf(tx, absent)) {
      const word = wordOf(JSON.parse(content) as JsonObject);
      words.set(nid, word);
      found.set(nid, word);
    }
    return found;
  };
};

const wordOf = ({ membership, history_visibility: visibility }: JsonObject): string =>
  typeof membership === 'string' ? membership : typeof visibility === 'string' ? visibility : '';
