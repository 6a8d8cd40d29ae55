// POST /_matrix/media/v1/create: a content URI to upload to later.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import type { Media } from '../../../media/media.ts';

export const createMedia = endpoint({
  route: 'POST /_matrix/media/v1/create',
  spec: 'client-server-api/#post_matrixmediav1create',
  auth: 'user',
  limit: 'media',
  refusesSuspended: true,
  async handle({ caller }, { media }: { media: Media }) {
    const { contentUri, expiresTs } = await media.create(caller.user);
    return { content_uri: contentUri, unused_expires_at: expiresTs };
  },
});
