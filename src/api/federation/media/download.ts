// GET /_matrix/federation/v1/media/download/{mediaId}: a file of this server, for other servers.

import type { Config } from '../../../config/schema.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { contentDisposition } from '../../../media/content-disposition.ts';
import type { Media } from '../../../media/media.ts';
import { parseServerName } from '../../../protocol/ids/server-name.ts';
import { mxcParams, timeoutQuery } from '../../client/media/media-params.ts';
import { multipart } from './multipart.ts';

export const federationDownload = endpoint({
  route: 'GET /_matrix/federation/v1/media/download/{mediaId}',
  spec: 'server-server-api/#get_matrixfederationv1mediadownloadmediaid',
  auth: 'server',
  limit: 'media',
  params: { mediaId: mxcParams.mediaId },
  query: timeoutQuery,
  async handle(
    { params: { mediaId }, query, signal },
    { media, config }: { media: Media; config: Pick<Config, 'serverName'> },
  ) {
    const server = parseServerName(config.serverName);
    const timeoutMs = query.timeout_ms;
    const found = await media.find({ server, mediaId, timeoutMs, isAnonymous: false, signal });
    const { contentType, fileName, sizeBytes } = found;
    const disposition = contentDisposition(contentType, fileName);
    return multipart({ contentType, contentDisposition: disposition, sizeBytes, body: await media.read(found) });
  },
});
