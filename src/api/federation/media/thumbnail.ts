// GET /_matrix/federation/v1/media/thumbnail/{mediaId}: a smaller image of this server, for other servers.

import type { Config } from '../../../config/schema.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import type { Media } from '../../../media/media.ts';
import { parseServerName } from '../../../protocol/ids/server-name.ts';
import { mxcParams } from '../../client/media/media-params.ts';
import { nameFor, thumbnailQuery } from '../../client/media/serve-thumbnail.ts';
import { multipart } from './multipart.ts';

export const federationThumbnail = endpoint({
  route: 'GET /_matrix/federation/v1/media/thumbnail/{mediaId}',
  spec: 'server-server-api/#get_matrixfederationv1mediathumbnailmediaid',
  auth: 'server',
  limit: 'media',
  params: { mediaId: mxcParams.mediaId },
  query: thumbnailQuery,
  async handle(
    { params: { mediaId }, query, signal },
    { media, config }: { media: Media; config: Pick<Config, 'serverName'> },
  ) {
    const { width, height, animated, method = 'scale', timeout_ms: timeoutMs } = query;
    const server = parseServerName(config.serverName);
    const found = await media.find({ server, mediaId, timeoutMs, isAnonymous: false, signal });
    const made = await media.thumbnail(found, { width, height, method, animated });
    const contentType = 'original' in made ? made.original : made.contentType;
    return multipart({
      contentType,
      contentDisposition: `inline; filename="${nameFor(contentType)}"`,
      sizeBytes: 'original' in made ? found.sizeBytes : made.bytes.byteLength,
      body: 'original' in made ? await media.read(found) : made.bytes,
    });
  },
});
