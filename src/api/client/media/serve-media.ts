// The answer that carries a file: headers that keep browsers from running it, conditional requests, ranges.

import type { IncomingHttpHeaders } from 'node:http';
import { Answer } from '../../../http/inbound/endpoint.ts';
import { contentDisposition } from '../../../media/content-disposition.ts';
import type { ByteRange, FoundMedia } from '../../../media/downloads.ts';
import type { Media } from '../../../media/media.ts';

/** The policy that the specification recommends. */
const CONTENT_SECURITY_POLICY =
  "sandbox; default-src 'none'; script-src 'none'; plugin-types application/pdf; style-src 'unsafe-inline'; object-src 'self';";

export const mediaHeaders = (isAnonymous: boolean): Record<string, string> => ({
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'Cross-Origin-Resource-Policy': 'cross-origin',
  // The content behind a URI never changes, but an operator may take it away.
  'Cache-Control': `${isAnonymous ? 'public' : 'private'}, max-age=86400`,
});

const etagOf = (hash: Uint8Array): string => `"${Buffer.from(hash).toString('base64url')}"`;

/** undefined: the whole file. 'none': a range that the file does not have. Several ranges at once get the whole file. */
export function rangeOf(headers: IncomingHttpHeaders, sizeBytes: number, etag: string): ByteRange | 'none' | undefined {
  const ifRange = headers['if-range'];
  if (ifRange !== undefined && ifRange !== etag) return undefined;
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(headers.range ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  const last = sizeBytes - 1;
  // "-500" means the last 500 bytes.
  if (match[1] === '')
    return Number(match[2]) === 0 || sizeBytes === 0
      ? 'none'
      : { start: Math.max(0, sizeBytes - Number(match[2])), end: last };
  const start = Number(match[1]);
  const end = match[2] === '' ? last : Math.min(Number(match[2]), last);
  if (match[2] !== '' && Number(match[2]) < start) return undefined;
  return start > last ? 'none' : { start, end };
}

export interface ServeRequest {
  readonly headers: IncomingHttpHeaders;
  readonly isAnonymous: boolean;
  /** In place of the upload's. */
  readonly fileName?: string | undefined;
}

export async function serveMedia(media: Media, found: FoundMedia, request: ServeRequest): Promise<Answer> {
  const { sizeBytes, contentType } = found;
  const etag = etagOf(found.hash);
  const headers: Record<string, string> = {
    ...mediaHeaders(request.isAnonymous),
    'Content-Type': contentType,
    'Content-Disposition': contentDisposition(contentType, request.fileName ?? found.fileName),
    'Accept-Ranges': 'bytes',
    ETag: etag,
  };
  if (request.headers['if-none-match'] === etag) return new Answer(304, undefined, headers);
  const range = rangeOf(request.headers, sizeBytes, etag);
  if (range === 'none') return new Answer(416, undefined, { ...headers, 'Content-Range': `bytes */${sizeBytes}` });
  const body = await media.read(found, range);
  if (!range) return new Answer(200, body, { ...headers, 'Content-Length': String(sizeBytes) });
  const { start, end } = range;
  const size = { 'Content-Length': String(end - start + 1), 'Content-Range': `bytes ${start}-${end}/${sizeBytes}` };
  return new Answer(206, body, { ...headers, ...size });
}
