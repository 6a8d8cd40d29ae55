// Content types as uploads claim them, and which of them browsers may show in place.

import { CONTENT_TYPE_LENGTH_MAX } from './media-limits.ts';

export const UNKNOWN_TYPE = 'application/octet-stream';

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const CONTENT_TYPE = new RegExp(`^${TOKEN}/${TOKEN}[ \\t]*(;[\\t\\x20-\\x7e]*)?$`);

/** The header as it was sent when it is one; "Defaults to application/octet-stream if it is not set". */
export const claimedType = (header: string | undefined): string => {
  const text = header?.trim() ?? '';
  return text.length <= CONTENT_TYPE_LENGTH_MAX && CONTENT_TYPE.test(text) ? text : UNKNOWN_TYPE;
};

/** Without parameters, in lower case. */
export const essenceOf = (contentType: string): string => contentType.split(';', 1)[0]!.trim().toLowerCase();

/** Client-Server API, "Serving inline content": "Servers SHOULD restrict Content-Type headers to one of the following". */
const inline = new Set([
  'text/css',
  'text/plain',
  'text/csv',
  'application/json',
  'application/ld+json',
  'image/jpeg',
  'image/gif',
  'image/png',
  'image/apng',
  'image/webp',
  'image/avif',
  'video/mp4',
  'video/webm',
  'video/ogg',
  'video/quicktime',
  'audio/mp4',
  'audio/webm',
  'audio/aac',
  'audio/mpeg',
  'audio/ogg',
  'audio/wave',
  'audio/wav',
  'audio/x-wav',
  'audio/x-pn-wav',
  'audio/flac',
  'audio/x-flac',
]);

export const isInlineType = (contentType: string): boolean => inline.has(essenceOf(contentType));
