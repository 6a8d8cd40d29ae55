// GET /_matrix/client/v1/media/download/{serverName}/{mediaId}[/{fileName}]: a file, for users of this server.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { text } from '../../../http/inbound/params.ts';
import type { Media } from '../../../media/media.ts';
import { mxcParams, timeoutQuery } from './media-params.ts';
import { serveMedia } from './serve-media.ts';

export const download = endpoint({
  route: 'GET /_matrix/client/v1/media/download/{serverName}/{mediaId}/{fileName}',
  also: ['GET /_matrix/client/v1/media/download/{serverName}/{mediaId}'],
  spec: 'client-server-api/#get_matrixclientv1mediadownloadservernamemediaid',
  auth: 'guest',
  limit: 'media',
  params: { ...mxcParams, fileName: text },
  query: timeoutQuery,
  async handle({ params, query, headers, signal }, { media }: { media: Media }) {
    const { serverName: server, mediaId, fileName } = params;
    const timeoutMs = query.timeout_ms;
    const found = await media.find({ server, mediaId, timeoutMs, isAnonymous: false, signal });
    return serveMedia(media, found, { headers, isAnonymous: false, fileName });
  },
});
