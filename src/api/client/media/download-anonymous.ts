// GET /_matrix/media/v3/download/{serverName}/{mediaId}[/{fileName}]: what was uploaded before this way was frozen.
// Deprecated since v1.11, for old clients.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { text } from '../../../http/inbound/params.ts';
import type { Media } from '../../../media/media.ts';
import { mxcParams, timeoutQuery } from './media-params.ts';
import { serveMedia } from './serve-media.ts';

export const downloadAnonymous = endpoint({
  route: 'GET /_matrix/media/v3/download/{serverName}/{mediaId}/{fileName}',
  also: [
    'GET /_matrix/media/v3/download/{serverName}/{mediaId}',
    'GET /_matrix/media/r0/download/{serverName}/{mediaId}/{fileName}',
    'GET /_matrix/media/r0/download/{serverName}/{mediaId}',
    'GET /_matrix/media/v1/download/{serverName}/{mediaId}/{fileName}',
    'GET /_matrix/media/v1/download/{serverName}/{mediaId}',
  ],
  spec: 'client-server-api/#get_matrixmediav3downloadservernamemediaid',
  auth: 'none',
  limit: 'media',
  params: { ...mxcParams, fileName: text },
  query: timeoutQuery,
  async handle({ params, query, headers, signal }, { media }: { media: Media }) {
    const { serverName: server, mediaId, fileName } = params;
    const timeoutMs = query.timeout_ms;
    const found = await media.find({ server, mediaId, timeoutMs, isAnonymous: true, signal });
    return serveMedia(media, found, { headers, isAnonymous: true, fileName });
  },
});
