// Uploaded files and the content URIs that name them.

import type { Migration } from './migration.ts';

export const migration: Migration = {
  id: 7,
  name: 'media',
  statements: [
    // One row for each content that lies on disk, by its SHA-256. quarantined_ts: since when it is neither served nor accepted.
    `CREATE TABLE media_files (
      hash {blob} PRIMARY KEY, size_bytes {int} NOT NULL, created_ts {int} NOT NULL, quarantined_ts {int}
    ){strictWithoutRowid}`,

    // One row for each mxc://server/media_id. file: NULL until a created URI is uploaded to; then expires_ts is NULL.
    // uploader: NULL for what this server fetched by itself. is_open: also served without an access token.
    // used_ts: files of other servers only: when somebody last asked for it, to the day.
    `CREATE TABLE media (
      nid {id},
      server {text} NOT NULL,
      media_id {text} NOT NULL,
      file {blob} REFERENCES media_files (hash),
      size_bytes {int} NOT NULL DEFAULT 0,
      content_type {text},
      file_name {text},
      uploader {int},
      is_open {int} NOT NULL,
      created_ts {int} NOT NULL,
      uploaded_ts {int},
      expires_ts {int},
      used_ts {int},
      UNIQUE (server, media_id)
    ){strict}`,
    'CREATE INDEX media_file ON media (file) WHERE file IS NOT NULL',
    'CREATE INDEX media_uploader ON media (uploader, uploaded_ts, size_bytes) WHERE uploader IS NOT NULL',
    'CREATE INDEX media_used ON media (used_ts, nid) WHERE used_ts IS NOT NULL',
    'CREATE INDEX media_expiry ON media (expires_ts) WHERE expires_ts IS NOT NULL',

    // What preview_url answered, by the SHA-256 of the URL; image: the media that the answer names.
    `CREATE TABLE url_previews (
      url_hash {blob} NOT NULL, fetched_ts {int} NOT NULL, body {text} NOT NULL, image {int},
      PRIMARY KEY (url_hash, fetched_ts)
    ){strictWithoutRowid}`,
    'CREATE INDEX url_previews_age ON url_previews (fetched_ts)',
  ],
};
