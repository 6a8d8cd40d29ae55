// What was found behind URLs, for a while, with the images that belong to it.

import type { ReadTx } from '../database.ts';
import { writer } from '../database.ts';
import { deleteMedia, insertMedia, type NewMedia } from './media.ts';

export interface PreviewKey {
  /** SHA-256 of the URL. */
  readonly urlHash: Uint8Array;
  readonly fetchedTs: number;
}

/** The newest since `sinceTs`, a JSON text. */
export const findPreview = async (tx: ReadTx, urlHash: Uint8Array, sinceTs: number): Promise<string | undefined> => {
  const row = await tx.get<{ body: string }>(
    'SELECT body AS "body" FROM url_previews WHERE url_hash = ? AND fetched_ts >= ? ORDER BY fetched_ts DESC LIMIT 1',
    urlHash,
    sinceTs,
  );
  return row?.body;
};

/** `body`: JSON text without NUL. The image becomes media of this server itself. */
export const savePreview = writer(
  'savePreview',
  async (tx, args: PreviewKey & { body: string; image: NewMedia | undefined }): Promise<void> => {
    const image = args.image ? await insertMedia(tx, args.image) : null;
    await tx.run(
      'INSERT INTO url_previews (url_hash, fetched_ts, body, image) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
      args.urlHash,
      args.fetchedTs,
      args.body,
      image,
    );
  },
);

/** Up to `limit` previews fetched before `beforeTs`, oldest first; file: the content of their image. */
export const previewsBefore = (
  tx: ReadTx,
  beforeTs: number,
  limit: number,
): Promise<(PreviewKey & { file: Uint8Array | null })[]> =>
  tx.all(
    `SELECT p.url_hash AS "urlHash", p.fetched_ts AS "fetchedTs", m.file AS "file"
     FROM url_previews p LEFT JOIN media m ON m.nid = p.image WHERE p.fetched_ts < ? ORDER BY p.fetched_ts LIMIT ?`,
    beforeTs,
    limit,
  );

/** Its image goes too; returns the image's content when nothing else names it. */
export const removePreview = writer(
  'removePreview',
  async (tx, { urlHash, fetchedTs }: PreviewKey): Promise<Uint8Array | undefined> => {
    const row = await tx.get<{ image: number | null }>(
      'DELETE FROM url_previews WHERE url_hash = ? AND fetched_ts = ? RETURNING image AS "image"',
      urlHash,
      fetchedTs,
    );
    return row && row.image !== null ? deleteMedia(tx, row.image) : undefined;
  },
);
