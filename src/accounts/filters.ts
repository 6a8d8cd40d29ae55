// Filters stored for later use. Client-Server API, "Filtering".

import { createHash } from 'node:crypto';
import { LruCache } from '../lib/lru-cache.ts';
import { notFound, tooLarge } from '../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../protocol/events/json.ts';
import { type Filter, parseFilter } from '../protocol/filters/parse-filter.ts';
import { findFilter, storeFilter } from '../storage/stores/filters.ts';
import type { AccountsDeps } from './deps.ts';

const FILTER_SIZE_BYTES_MAX = 64 * 1024;

/** A stored filter never changes. */
const COMPILED_MAX = 5000;

export const createFilters = ({ db }: AccountsDeps) => {
  const compiled = new LruCache<string, Filter>(COMPILED_MAX);

  /** The definition as JSON text. Throws M_NOT_FOUND. */
  const filter = async (user: number, filterId: string): Promise<string> => {
    const id = /^\d{1,9}$/.test(filterId) ? Number(filterId) : 0;
    const definition = await db.read((tx) => findFilter(tx, user, id));
    if (definition === undefined) throw notFound('There is no such filter.');
    return definition;
  };

  return {
    filter,

    /** The stored filter ready for use. Throws M_NOT_FOUND. */
    async compiledFilter(user: number, filterId: string): Promise<Filter> {
      const key = `${user} ${filterId}`;
      const known = compiled.get(key);
      if (known) return known;
      const fresh = parseFilter(JSON.parse(await filter(user, filterId)) as JsonObject);
      compiled.set(key, fresh);
      return fresh;
    },

    /** The id of the stored definition. Throws M_BAD_JSON and M_INVALID_PARAM for what is no filter, M_TOO_LARGE. */
    async storeFilter(user: number, definition: JsonObject): Promise<string> {
      parseFilter(definition);
      const text = JSON.stringify(definition);
      if (Buffer.byteLength(text) > FILTER_SIZE_BYTES_MAX) throw tooLarge('A filter may have at most 64 KiB.');
      const hash = createHash('sha256').update(text).digest();
      return String(await db.write(storeFilter, { user, hash, definition: text }));
    },
  };
};
