// Previews of URLs: fetched once for everybody, kept for a while. Client-Server API, GET /media/preview_url.

import { createHash } from 'node:crypto';
import { LruCache } from '../../lib/lru-cache.ts';
import { createTurns } from '../../lib/turns.ts';
import { invalidParam, limitExceeded, MatrixError, unrecognized } from '../../protocol/errors/matrix-error.ts';
import type { Json } from '../../protocol/events/json.ts';
import { mxcUri } from '../../protocol/ids/mxc-uri.ts';
import { findPreview, previewsBefore, removePreview, savePreview } from '../../storage/stores/url-previews.ts';
import { essenceOf } from '../content-type.ts';
import type { MediaContext } from '../media-context.ts';
import { fetchUrl, previewError, readStart, type WayOut } from './fetch-url.ts';
import { pageText } from './page-text.ts';
import { fetchImage, type PreviewImage, receiveImage } from './preview-image.ts';
import { readPage } from './read-page.ts';

const URL_LENGTH_MAX = 2048;
/** Of a page, what stands before its body. */
const PAGE_SIZE_BYTES = 512 * 1024;
/** Larger answers are not begun. */
const ANSWER_SIZE_BYTES_MAX = 50 * 1024 * 1024;
const FRESH_MS = 3_600_000;
const REFUSED_MS = 60_000;
/** How long images stay, for clients that show an old preview again. */
const KEPT_MS = 30 * 86_400_000;
const PURGE_MAX = 20;

interface Found {
  readonly properties: Record<string, Json>;
  readonly image: PreviewImage | undefined;
}

const parseUrl = (text: string): string => {
  const url = text.length <= URL_LENGTH_MAX ? URL.parse(text) : null;
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) throw invalidParam('url is no http(s) URL.');
  url.hash = '';
  return url.href;
};

const imageProperties = ({ uri, received, contentType, width, height }: PreviewImage): Record<string, Json> => ({
  'og:image': mxcUri(uri),
  'og:image:type': contentType,
  'og:image:width': width,
  'og:image:height': height,
  'matrix:image:size': received.sizeBytes,
});

const unlessTooLarge = (error: unknown): undefined => {
  if (error instanceof MatrixError && error.errcode === 'M_TOO_LARGE') return undefined;
  throw error;
};

async function look(context: MediaContext, outbound: WayOut, url: string): Promise<Found> {
  const accept = 'text/html, application/xhtml+xml, image/*;q=0.8, */*;q=0.1';
  const fetched = await fetchUrl(outbound, url, accept, ANSWER_SIZE_BYTES_MAX);
  const type = essenceOf(fetched.contentType);
  if (type.startsWith('image/')) {
    const image = await receiveImage(context, fetched).catch(unlessTooLarge);
    return { properties: image ? imageProperties(image) : {}, image };
  }
  if (type !== 'text/html' && type !== 'application/xhtml+xml') {
    fetched.body.on('error', () => {}).destroy();
    return { properties: {}, image: undefined };
  }
  const page = readPage(pageText(await readStart(fetched.body, PAGE_SIZE_BYTES), fetched.contentType));
  const image = await fetchImage(context, outbound, page.get('og:image'), fetched.url);
  const { 'og:image': _, ...properties } = Object.fromEntries(page);
  return { properties: { ...properties, ...(image && imageProperties(image)) }, image };
}

export const createPreviews = (context: MediaContext, outbound: WayOut) => {
  const { db, clock, files, config, log } = context;
  const inTurn = createTurns({
    runningMax: 8,
    waitingMax: 100,
    full: () => limitExceeded('Too many previews are being fetched.', 5000),
  });
  const running = new Map<string, Promise<string>>();
  const refusals = new LruCache<string, { error: MatrixError; until: number }>(1000);

  const save = async (urlHash: Uint8Array, { properties, image }: Found): Promise<string> => {
    const now = clock.now();
    const body = JSON.stringify(properties);
    const key = { urlHash, fetchedTs: now };
    if (!image) {
      await db.write(savePreview, { ...key, body, image: undefined });
      return body;
    }
    const { hash, sizeBytes } = image.received;
    const content = { hash, sizeBytes, contentType: image.contentType, fileName: null };
    const media = { ...image.uri, content, uploader: null, isOpen: config.openDownloads, quota: config.quota, now };
    await files.keep(image.received, () => db.write(savePreview, { ...key, body, image: media }));
    return body;
  };

  const purge = async (): Promise<void> => {
    const old = await db.read((tx) => previewsBefore(tx, clock.now() - KEPT_MS, PURGE_MAX));
    for (const { urlHash, fetchedTs, file } of old) {
      const forget = () => db.write(removePreview, { urlHash, fetchedTs });
      await (file ? files.remove(file, forget) : forget());
    }
  };

  const refuse = (url: string, cause: unknown): unknown => {
    const error = previewError(cause);
    // What is about us and not about the URL may work at once.
    if (error instanceof MatrixError && (error.status === 403 || error.status === 404)) {
      refusals.set(url, { error, until: clock.now() + REFUSED_MS });
    }
    return error;
  };

  const fetchAnew = async (url: string, urlHash: Uint8Array): Promise<string> => {
    try {
      const body = await save(urlHash, await inTurn(() => look(context, outbound, url)));
      await purge().catch((err: unknown) => log.warn({ err }, 'Old previews could not be removed.'));
      return body;
    } catch (error) {
      throw refuse(url, error);
    }
  };

  return {
    /**
     * OpenGraph properties as a JSON text. Throws M_INVALID_PARAM, M_FORBIDDEN for private addresses, M_NOT_FOUND for what
     * cannot be fetched, M_LIMIT_EXCEEDED, and M_UNRECOGNIZED when previews are off.
     */
    async preview(text: string): Promise<string> {
      if (!config.urlPreviews) throw unrecognized('This server makes no previews.');
      const url = parseUrl(text);
      const refusal = refusals.get(url);
      if (refusal && refusal.until > clock.now()) throw refusal.error;
      const urlHash = new Uint8Array(createHash('sha256').update(url).digest());
      const kept = await db.read((tx) => findPreview(tx, urlHash, clock.now() - FRESH_MS));
      if (kept !== undefined) return kept;
      const known = running.get(url);
      if (known) return known;
      const result = fetchAnew(url, urlHash).finally(() => running.delete(url));
      running.set(url, result);
      return result;
    },
  };
};
