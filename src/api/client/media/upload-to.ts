// PUT /_matrix/media/v3/upload/{serverName}/{mediaId}: the content of a URI that was created before.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { optionalText } from '../../../http/inbound/params.ts';
import type { Media } from '../../../media/media.ts';
import { mxcParams } from './media-params.ts';
import { uploadOf, uploadSizeBytesMax } from './upload-request.ts';

export const uploadTo = endpoint({
  route: 'PUT /_matrix/media/v3/upload/{serverName}/{mediaId}',
  spec: 'client-server-api/#put_matrixmediav3uploadservernamemediaid',
  auth: 'user',
  limit: 'media',
  params: mxcParams,
  query: { filename: optionalText },
  body: 'raw',
  bodySizeBytesMax: uploadSizeBytesMax,
  refusesSuspended: true,
  async handle({ caller, params, query, headers, body }, { media }: { media: Media }) {
    const uri = { server: params.serverName, mediaId: params.mediaId };
    await media.uploadTo(caller.user, uri, uploadOf(body, headers, query.filename));
    return {};
  },
});
