// Content URIs: uploaded, created for a later upload, deleted. Client-Server API, "Content repository".

import { cannotOverwriteMedia, forbidden, limitExceeded, notFound } from '../../protocol/errors/matrix-error.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import type { MxcUri } from '../../protocol/ids/mxc-uri.ts';
import type { ReadTx, WriteTx } from '../database.ts';
import { writer } from '../database.ts';
import { fromStoredText, toStoredText } from '../text.ts';
import { dropFileIfUnused, ensureFile, type FileOnDisk } from './media-files.ts';
import { checkQuota, type UploadQuota } from './media-quotas.ts';

export interface StoredMedia {
  readonly nid: number;
  readonly server: ServerName;
  readonly mediaId: string;
  /** null: created, and not yet uploaded to. */
  readonly file: Uint8Array | null;
  readonly sizeBytes: number;
  readonly contentType: string | null;
  readonly fileName: string | null;
  /** nid of a user; null: fetched by this server itself. */
  readonly uploader: number | null;
  /** 1: also served without an access token. */
  readonly isOpen: number;
  readonly createdTs: number;
  readonly uploadedTs: number | null;
  /** Until when a created URI may be uploaded to. */
  readonly expiresTs: number | null;
  /** Of another server's file: when somebody last asked for it, to the day. */
  readonly usedTs: number | null;
  readonly quarantinedTs: number | null;
}

/** What an upload says about its content. */
export interface UploadedContent extends FileOnDisk {
  readonly contentType: string;
  readonly fileName: string | null;
}

const SELECT_MEDIA = `SELECT m.nid AS "nid", m.server AS "server", m.media_id AS "mediaId", m.file AS "file",
  m.size_bytes AS "sizeBytes", m.content_type AS "contentType", m.file_name AS "fileName", m.uploader AS "uploader",
  m.is_open AS "isOpen", m.created_ts AS "createdTs", m.uploaded_ts AS "uploadedTs", m.expires_ts AS "expiresTs",
  m.used_ts AS "usedTs", f.quarantined_ts AS "quarantinedTs" FROM media m LEFT JOIN media_files f ON f.hash = m.file`;

/** Expired rows that one write removes at most. */
const PURGE_MAX = 200;

const readable = (row: StoredMedia): StoredMedia => ({
  ...row,
  fileName: row.fileName === null ? null : fromStoredText(row.fileName),
});

export const findMedia = async (tx: ReadTx, { server, mediaId }: MxcUri): Promise<StoredMedia | undefined> => {
  const row = await tx.get<StoredMedia>(`${SELECT_MEDIA} WHERE m.server = ? AND m.media_id = ?`, server, mediaId);
  return row && readable(row);
};

/** The user's uploads in their order, `limit` of those whose nid is above `after`. */
export const uploadsOf = async (tx: ReadTx, user: number, after: number, limit: number): Promise<StoredMedia[]> => {
  const rows = await tx.all<StoredMedia>(
    `${SELECT_MEDIA} WHERE m.uploader = ? AND m.file IS NOT NULL AND m.nid > ? ORDER BY m.nid LIMIT ?`,
    user,
    after,
    limit,
  );
  return rows.map(readable);
};

const fileNameText = (fileName: string | null): string | null => (fileName === null ? null : toStoredText(fileName));

export interface NewMedia extends MxcUri {
  readonly content: UploadedContent;
  /** null: this server itself, which has no quota. */
  readonly uploader: number | null;
  readonly isOpen: boolean;
  readonly quota: UploadQuota;
  readonly now: number;
}

/** As addMedia; returns the new row's nid. */
export const insertMedia = async (tx: WriteTx, media: NewMedia): Promise<number> => {
  const { server, mediaId, content, uploader, isOpen, quota, now } = media;
  if (uploader !== null) await checkQuota(tx, { user: uploader, sizeBytes: content.sizeBytes, quota, now });
  await ensureFile(tx, content, now);
  const row = await tx.get<{ nid: number }>(
    `INSERT INTO media (server, media_id, file, size_bytes, content_type, file_name, uploader, is_open, created_ts, uploaded_ts)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING nid AS "nid"`,
    server,
    mediaId,
    content.hash,
    content.sizeBytes,
    content.contentType,
    fileNameText(content.fileName),
    uploader,
    isOpen ? 1 : 0,
    now,
    now,
  );
  return row!.nid;
};

/** Throws M_USER_LIMIT_EXCEEDED, M_LIMIT_EXCEEDED, and M_FORBIDDEN for what is in quarantine. */
export const addMedia = writer('addMedia', insertMedia);

/** A URI to upload to later. Throws M_LIMIT_EXCEEDED when the user has `pendingMax` of them already. */
export const createPendingMedia = writer(
  'createPendingMedia',
  async (
    tx,
    args: MxcUri & { uploader: number; isOpen: boolean; expiresTs: number; pendingMax: number; now: number },
  ): Promise<void> => {
    await tx.run(
      'DELETE FROM media WHERE nid IN (SELECT nid FROM media WHERE expires_ts <= ? LIMIT ?)',
      args.now,
      PURGE_MAX,
    );
    const pending = await tx.all<{ expiresTs: number }>(
      `SELECT expires_ts AS "expiresTs" FROM media WHERE uploader = ? AND uploaded_ts IS NULL AND expires_ts > ?
       ORDER BY expires_ts LIMIT ?`,
      args.uploader,
      args.now,
      args.pendingMax,
    );
    if (pending.length >= args.pendingMax) {
      throw limitExceeded('Too many uploads are pending.', Math.max(1, (pending[0]?.expiresTs ?? args.now) - args.now));
    }
    await tx.run(
      'INSERT INTO media (server, media_id, uploader, is_open, created_ts, expires_ts) VALUES (?, ?, ?, ?, ?, ?)',
      args.server,
      args.mediaId,
      args.uploader,
      args.isOpen ? 1 : 0,
      args.now,
      args.expiresTs,
    );
  },
);

/**
 * The row that `user` may upload to. Throws M_NOT_FOUND (never created, or expired), M_FORBIDDEN (another's) and
 * M_CANNOT_OVERWRITE_MEDIA.
 */
export const uploadTarget = async (tx: ReadTx, uri: MxcUri, user: number, now: number): Promise<StoredMedia> => {
  const media = await findMedia(tx, uri);
  if (!media || (media.expiresTs !== null && media.expiresTs <= now)) throw notFound('Unknown media ID.');
  // "The request comes from a different user than the one that called POST /_matrix/media/v1/create."
  if (media.uploader !== user) throw forbidden('This media ID was created by somebody else.');
  if (media.file !== null) throw cannotOverwriteMedia('Media was uploaded to this ID already.');
  return media;
};

/** Throws as uploadTarget and addMedia do. */
export const fillPendingMedia = writer(
  'fillPendingMedia',
  async (
    tx,
    args: MxcUri & { content: UploadedContent; uploader: number; quota: UploadQuota; now: number },
  ): Promise<void> => {
    const { content, uploader, quota, now } = args;
    const { nid } = await uploadTarget(tx, args, uploader, now);
    await checkQuota(tx, { user: uploader, sizeBytes: content.sizeBytes, quota, now });
    await ensureFile(tx, content, now);
    await tx.run(
      `UPDATE media SET file = ?, size_bytes = ?, content_type = ?, file_name = ?, uploaded_ts = ?, expires_ts = NULL
       WHERE nid = ?`,
      content.hash,
      content.sizeBytes,
      content.contentType,
      fileNameText(content.fileName),
      now,
      nid,
    );
  },
);

/** Returns the content's hash when nothing names it any more, so that the file can be deleted. */
export const deleteMedia = async (tx: WriteTx, nid: number): Promise<Uint8Array | undefined> => {
  const row = await tx.get<{ file: Uint8Array | null }>(
    'DELETE FROM media WHERE nid = ? RETURNING file AS "file"',
    nid,
  );
  if (!row?.file) return undefined;
  return (await dropFileIfUnused(tx, row.file)) ? row.file : undefined;
};

export const removeMedia = writer('removeMedia', deleteMedia);
