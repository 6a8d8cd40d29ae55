// GET /_matrix/media/v3/thumbnail/{serverName}/{mediaId}: of what was uploaded before this way was frozen.
// Deprecated since v1.11, for old clients.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import type { Media } from '../../../media/media.ts';
import { mxcParams } from './media-params.ts';
import { serveThumbnail, thumbnailQuery } from './serve-thumbnail.ts';

export const thumbnailAnonymous = endpoint({
  route: 'GET /_matrix/media/v3/thumbnail/{serverName}/{mediaId}',
  also: [
    'GET /_matrix/media/r0/thumbnail/{serverName}/{mediaId}',
    'GET /_matrix/media/v1/thumbnail/{serverName}/{mediaId}',
  ],
  spec: 'client-server-api/#get_matrixmediav3thumbnailservernamemediaid',
  auth: 'none',
  limit: 'media',
  params: mxcParams,
  query: thumbnailQuery,
  async handle({ params, query, headers, signal }, { media }: { media: Media }) {
    const { serverName: server, mediaId } = params;
    const timeoutMs = query.timeout_ms;
    const found = await media.find({ server, mediaId, timeoutMs, isAnonymous: true, signal });
    return serveThumbnail(media, found, { query, headers, isAnonymous: true });
  },
});
