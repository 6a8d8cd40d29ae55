// Thumbnails: made once for each content and size, kept beside the content, served from disk from then on.

import type { Log } from '../lib/log.ts';
import { LruCache } from '../lib/lru-cache.ts';
import { createTurns } from '../lib/turns.ts';
import { limitExceeded, MatrixError, notFound, tooLarge } from '../protocol/errors/matrix-error.ts';
import type { FoundMedia } from './downloads.ts';
import type { FileStore } from './file-store.ts';
import type { Thumbnail } from './make-thumbnail.ts';
import { THUMBNAIL_SOURCE_BYTES_MAX, THUMBNAILS_RUNNING_MAX, THUMBNAILS_WAITING_MAX } from './media-limits.ts';
import { type ThumbnailMethod, type ThumbnailSize, thumbnailSize } from './thumbnail-size.ts';
import { keepThumbnail, keptThumbnail } from './thumbnail-store.ts';

export interface WantedThumbnail {
  readonly width: number;
  readonly height: number;
  readonly method: ThumbnailMethod;
  readonly animated: boolean;
}

interface Job {
  readonly hash: Uint8Array;
  readonly size: ThumbnailSize | undefined;
  readonly animated: boolean;
  readonly name: string;
}

/** Contents of which no thumbnail can be made, not to be tried for each request. */
const refusalsMax = 5000;

const jobOf = ({ hash }: FoundMedia, { width, height, method, animated }: WantedThumbnail): Job => {
  const size = thumbnailSize(width, height, method);
  const sizeName = size ? `${size.width}x${size.height}-${size.method}` : 'whole';
  return { hash, size, animated, name: animated ? `${sizeName}-animated` : sizeName };
};

async function make(files: FileStore, log: Log, { hash, size, animated, name }: Job): Promise<Thumbnail> {
  const file = await files.open(hash);
  if (!file) throw notFound('There is no such media here.');
  try {
    // Loaded with the first thumbnail: libvips takes a tenth of the time to start.
    const { makeThumbnail } = await import('./make-thumbnail.ts');
    const made = await makeThumbnail({ path: files.paths.content(hash), file, size, animated });
    await keepThumbnail(files, hash, name, made).catch((err: unknown) =>
      log.warn({ err }, 'A thumbnail could not be kept.'),
    );
    return made;
  } finally {
    await file.close();
  }
}

const isAboutContent = (error: unknown): error is MatrixError =>
  error instanceof MatrixError && (error.status === 400 || error.status === 413);

export const createThumbnails = ({ files, log }: { files: FileStore; log: Log }) => {
  const inTurn = createTurns({
    runningMax: THUMBNAILS_RUNNING_MAX,
    waitingMax: THUMBNAILS_WAITING_MAX,
    full: () => limitExceeded('Too many thumbnails are being made.', 1000),
  });
  const running = new Map<string, Promise<Thumbnail>>();
  const refusals = new LruCache<string, MatrixError>(refusalsMax);

  const keptOrMade = async (job: Job, source: string): Promise<Thumbnail> => {
    try {
      const kept = await keptThumbnail(files, job.hash, job.name);
      return kept ?? (await inTurn(() => make(files, log, job)));
    } catch (error) {
      if (isAboutContent(error)) refusals.set(source, error);
      throw error;
    }
  };

  return {
    /**
     * Throws M_TOO_LARGE (413) and M_UNKNOWN (400) for contents that cannot be thumbnailed, M_LIMIT_EXCEEDED when too many
     * wait. `original`: the content is its own thumbnail, of that type.
     */
    async thumbnail(media: FoundMedia, wanted: WantedThumbnail): Promise<Thumbnail> {
      if (media.sizeBytes > THUMBNAIL_SOURCE_BYTES_MAX) throw tooLarge('The content is too large to thumbnail.');
      const source = Buffer.from(media.hash).toString('hex');
      const refusal = refusals.get(source);
      if (refusal) throw refusal;
      const job = jobOf(media, wanted);
      const key = `${source} ${job.name}`;
      const known = running.get(key);
      if (known) return known;
      const result = keptOrMade(job, source).finally(() => running.delete(key));
      running.set(key, result);
      return result;
    },
  };
};
