// What the two thumbnail endpoints have in common: their query and their answer.

import type { IncomingHttpHeaders } from 'node:http';
import { Answer } from '../../../http/inbound/endpoint.ts';
import { int, optionalBool, optionalEnum } from '../../../http/inbound/params.ts';
import type { FoundMedia } from '../../../media/downloads.ts';
import type { Media } from '../../../media/media.ts';
import type { WantedThumbnail } from '../../../media/thumbnails.ts';
import { timeoutQuery } from './media-params.ts';
import { mediaHeaders, serveMedia } from './serve-media.ts';

/** "Non-integer dimensions or negatively-sized images" are refused with 400. */
const side = int({ min: 1, max: 100_000 });

export const thumbnailQuery = {
  ...timeoutQuery,
  width: side,
  height: side,
  method: optionalEnum('crop', 'scale'),
  animated: optionalBool(),
};

export interface ThumbnailRequest {
  readonly query: { readonly [K in keyof typeof thumbnailQuery]: ReturnType<(typeof thumbnailQuery)[K]> };
  readonly headers: IncomingHttpHeaders;
  readonly isAnonymous: boolean;
}

export async function serveThumbnail(media: Media, found: FoundMedia, request: ThumbnailRequest): Promise<Answer> {
  const { headers, isAnonymous } = request;
  const { width, height, animated, method = 'scale' } = request.query;
  const wanted: WantedThumbnail = { width, height, method, animated };
  const made = await media.thumbnail(found, wanted);
  if ('original' in made) {
    // Under the type that the bytes have, whatever the upload claimed.
    const contentType = made.original;
    return serveMedia(media, { ...found, contentType, fileName: nameFor(contentType) }, { headers, isAnonymous });
  }
  return new Answer(200, made.bytes, {
    ...mediaHeaders(isAnonymous),
    'Content-Type': made.contentType,
    'Content-Disposition': `inline; filename="${nameFor(made.contentType)}"`,
  });
}

export const nameFor = (contentType: string): string => `thumbnail.${contentType.slice('image/'.length)}`;
