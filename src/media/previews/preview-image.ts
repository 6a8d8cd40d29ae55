// The image of a preview: fetched, kept as media of this server, measured.

import { randomId } from '../../lib/random.ts';
import type { MxcUri } from '../../protocol/ids/mxc-uri.ts';
import { essenceOf } from '../content-type.ts';
import type { MediaContext } from '../media-context.ts';
import type { ReceivedFile } from '../receive-file.ts';
import { type Fetched, fetchUrl, type WayOut } from './fetch-url.ts';

export const IMAGE_SIZE_BYTES_MAX = 5 * 1024 * 1024;

export interface PreviewImage {
  readonly uri: MxcUri;
  /** To be kept or discarded. */
  readonly received: ReceivedFile;
  readonly contentType: string;
  readonly width: number;
  readonly height: number;
}

const types: Readonly<Record<string, string>> = {
  jpeg: 'image/jpeg',
  png: 'image/png',
  gif: 'image/gif',
  webp: 'image/webp',
};

/** undefined: no image that can be shown. Throws what fetching throws. */
export async function receiveImage(
  { files, serverName }: MediaContext,
  fetched: Fetched,
): Promise<PreviewImage | undefined> {
  const received = await files.receive(fetched.body, IMAGE_SIZE_BYTES_MAX);
  const { sharp } = await import('../safe-sharp.ts');
  const metadata = await sharp(received.path, { limitInputPixels: false })
    .metadata()
    .catch(() => undefined);
  const contentType = metadata && types[metadata.format];
  if (!metadata || contentType === undefined) {
    await files.discard(received);
    return undefined;
  }
  const { width, height } = metadata.autoOrient;
  return { uri: { server: serverName, mediaId: randomId(24) }, received, contentType, width, height };
}

/** The image that a page names; a page without it is still worth showing, so nothing is thrown. */
export async function fetchImage(
  context: MediaContext,
  outbound: WayOut,
  address: string | undefined,
  pageUrl: string,
): Promise<PreviewImage | undefined> {
  const url = address === undefined ? undefined : URL.parse(address, pageUrl);
  if (!url) return undefined;
  try {
    const fetched = await fetchUrl(outbound, url.href, 'image/*', IMAGE_SIZE_BYTES_MAX);
    if (essenceOf(fetched.contentType).startsWith('image/')) return await receiveImage(context, fetched);
    fetched.body.on('error', () => {}).destroy();
  } catch (err) {
    context.log.debug({ err }, 'The image of a preview could not be fetched.');
  }
  return undefined;
}
