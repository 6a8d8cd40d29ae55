// GET /_matrix/client/v1/media/config: how large an upload may be.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import type { Media } from '../../../media/media.ts';

export const getMediaConfig = endpoint({
  route: 'GET /_matrix/client/v1/media/config',
  also: ['GET /_matrix/media/v3/config', 'GET /_matrix/media/r0/config', 'GET /_matrix/media/v1/config'],
  spec: 'client-server-api/#get_matrixclientv1mediaconfig',
  auth: 'guest',
  limit: 'none',
  async handle(_request, { media }: { media: Media }) {
    return { 'm.upload.size': media.config.maxUploadSizeBytes };
  },
});
