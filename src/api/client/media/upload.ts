// POST /_matrix/media/v3/upload: stores a file.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { optionalText } from '../../../http/inbound/params.ts';
import type { Media } from '../../../media/media.ts';
import { uploadOf, uploadSizeBytesMax } from './upload-request.ts';

export const upload = endpoint({
  route: 'POST /_matrix/media/v3/upload',
  also: ['POST /_matrix/media/r0/upload', 'POST /_matrix/media/v1/upload'],
  spec: 'client-server-api/#post_matrixmediav3upload',
  auth: 'user',
  limit: 'media',
  query: { filename: optionalText },
  body: 'raw',
  bodySizeBytesMax: uploadSizeBytesMax,
  refusesSuspended: true,
  async handle({ caller, query, headers, body }, { media }: { media: Media }) {
    return { content_uri: await media.upload(caller.user, uploadOf(body, headers, query.filename)) };
  },
});
