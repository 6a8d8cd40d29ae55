// Filters stored for later use. Client-Server API, "Filtering".

import { createHash } from 'node:crypto';
import { notFound, tooLarge } from '../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../protocol/events/json.ts';
import { findFilter, storeFilter } from '../storage/stores/filters.ts';
import type { AccountsDeps } from './deps.ts';

const FILTER_SIZE_BYTES_MAX = 64 * 1024;

export const createFilters = ({ db }: AccountsDeps) => ({
  /** The id of the stored definition, which is checked already. Throws M_TOO_LARGE. */
  async storeFilter(user: number, definition: JsonObject): Promise<string> {
    const text = JSON.stringify(definition);
    if (Buffer.byteLength(text) > FILTER_SIZE_BYTES_MAX) throw tooLarge('A filter may have at most 64 KiB.');
    const hash = createHash('sha256').update(text).digest();
    return String(await db.write(storeFilter, { user, hash, definition: text }));
  },

  /** The definition as JSON text. Throws M_NOT_FOUND. */
  async filter(user: number, filterId: string): Promise<string> {
    const id = /^\d{1,9}$/.test(filterId) ? Number(filterId) : 0;
    const definition = await db.read((tx) => findFilter(tx, user, id));
    if (definition === undefined) throw notFound('There is no such filter.');
    return definition;
  },
});
