// Filters that users stored for later. Client-Server API, "Filtering".

import { tooLarge } from '../../protocol/errors/matrix-error.ts';
import type { ReadTx } from '../database.ts';
import { writer } from '../database.ts';

/** Clients use a handful; equal ones are stored once. */
export const FILTERS_MAX = 1000;

/** The definition as JSON text. */
export const findFilter = async (tx: ReadTx, user: number, filterId: number): Promise<string | undefined> => {
  const row = await tx.get<{ definition: string }>(
    'SELECT definition FROM filters WHERE user_nid = ? AND filter_id = ?',
    user,
    filterId,
  );
  return row?.definition;
};

/** The id of a filter with this definition. `hash` is the SHA-256 of the definition. Throws M_TOO_LARGE past FILTERS_MAX. */
export const storeFilter = writer(
  'storeFilter',
  async (tx, args: { user: number; hash: Uint8Array; definition: string }): Promise<number> => {
    const known = await tx.get<{ id: number }>(
      'SELECT filter_id AS "id" FROM filters WHERE user_nid = ? AND hash = ?',
      args.user,
      args.hash,
    );
    if (known) return known.id;
    const { last } = (await tx.get<{ last: number | null }>(
      'SELECT max(filter_id) AS "last" FROM filters WHERE user_nid = ?',
      args.user,
    ))!;
    const id = (last ?? 0) + 1;
    if (id > FILTERS_MAX) throw tooLarge(`There are ${FILTERS_MAX} filters already.`);
    await tx.run(
      'INSERT INTO filters (user_nid, filter_id, hash, definition) VALUES (?, ?, ?, ?)',
      args.user,
      id,
      args.hash,
      args.definition,
    );
    return id;
  },
);
