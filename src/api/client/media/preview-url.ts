// GET /_matrix/client/v1/media/preview_url: what a link leads to.

import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { optionalInt, text } from '../../../http/inbound/params.ts';
import type { Media } from '../../../media/media.ts';

export const previewUrl = endpoint({
  route: 'GET /_matrix/client/v1/media/preview_url',
  also: ['GET /_matrix/media/v3/preview_url', 'GET /_matrix/media/r0/preview_url', 'GET /_matrix/media/v1/preview_url'],
  spec: 'client-server-api/#get_matrixclientv1mediapreview_url',
  auth: 'user',
  limit: 'media',
  // "The server may return a newer version": ts is checked and not used.
  query: { url: text, ts: optionalInt() },
  async handle({ query }, { media }: { media: Media }) {
    return jsonText(await media.preview(query.url));
  },
});
