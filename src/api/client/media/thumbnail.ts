// GET /_matrix/client/v1/media/thumbnail/{serverName}/{mediaId}: a smaller image, for users of this server.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import type { Media } from '../../../media/media.ts';
import { mxcParams } from './media-params.ts';
import { serveThumbnail, thumbnailQuery } from './serve-thumbnail.ts';

export const thumbnail = endpoint({
  route: 'GET /_matrix/client/v1/media/thumbnail/{serverName}/{mediaId}',
  spec: 'client-server-api/#get_matrixclientv1mediathumbnailservernamemediaid',
  auth: 'guest',
  limit: 'media',
  params: mxcParams,
  query: thumbnailQuery,
  async handle({ params, query, headers, signal }, { media }: { media: Media }) {
    const { serverName: server, mediaId } = params;
    const timeoutMs = query.timeout_ms;
    const found = await media.find({ server, mediaId, timeoutMs, isAnonymous: false, signal });
    return serveThumbnail(media, found, { query, headers, isAnonymous: false });
  },
});
