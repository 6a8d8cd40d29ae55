// Makes one thumbnail with libvips, in its own threads. Images are hostile: few formats are read, and their size is
// known before a pixel is decoded.

import type { FileHandle } from 'node:fs/promises';
import type { Metadata, Sharp } from 'sharp';
import { tooLarge, unknownError } from '../protocol/errors/matrix-error.ts';
import { isAnimatedPng } from './is-animated-png.ts';
import { THUMBNAIL_SOURCE_PIXELS_MAX, THUMBNAIL_TIME_S_MAX } from './media-limits.ts';
import { sharp } from './safe-sharp.ts';
import type { ThumbnailSize } from './thumbnail-size.ts';

const asItIs = { jpeg: 'image/jpeg', png: 'image/png', webp: 'image/webp', gif: 'image/gif' } as const;
export type ThumbnailType = (typeof asItIs)[keyof typeof asItIs];

/** `original`: the content itself, under that type. */
export type Thumbnail =
  | { readonly contentType: ThumbnailType; readonly bytes: Uint8Array }
  | { readonly original: ThumbnailType };

export interface ThumbnailJob {
  readonly path: string;
  readonly file: FileHandle;
  /** undefined: larger than any thumbnail. */
  readonly size: ThumbnailSize | undefined;
  /** The client would like to see movement. */
  readonly animated: boolean;
}

const readable: ReadonlySet<string> = new Set(['jpeg', 'png', 'webp', 'gif', 'heif']);

const cannot = (cause?: unknown) => unknownError('Cannot generate thumbnails for the requested content.', { cause });
const tooManyPixels = (cause?: unknown) => tooLarge('The image is too large to thumbnail.', { cause });

const readMetadata = (path: string): Promise<Metadata> =>
  sharp(path, { limitInputPixels: false })
    .metadata()
    .catch((cause: unknown) => {
      throw cannot(cause);
    });

/** "When the content is smaller than the requested dimensions, servers should return the original content." */
const fits = ({ width, height }: ThumbnailSize, image: { width: number; height: number }): boolean =>
  image.width <= width && image.height <= height;

/** The type under which the content may be its own thumbnail; undefined: another form of it is needed. */
async function ownType({ file, size, animated }: ThumbnailJob, metadata: Metadata): Promise<ThumbnailType | undefined> {
  const type = Object.hasOwn(asItIs, metadata.format) ? asItIs[metadata.format as keyof typeof asItIs] : undefined;
  if (!type || (size && !fits(size, metadata.autoOrient))) return undefined;
  // "When false, the server MUST NOT return an animated thumbnail."
  if (!animated && (metadata.pages ?? 1) > 1) return undefined;
  if (!animated && type === 'image/png' && (await isAnimatedPng(file))) return undefined;
  return type;
}

/** For the whole image: where it is small enough, or no thumbnail is as large as was asked for. */
const WHOLE = { width: 16_000, height: 16_000 };

function resized(image: Sharp, size: ThumbnailSize | undefined, metadata: Metadata): Sharp {
  if (!size || fits(size, metadata.autoOrient))
    return image.resize({ ...WHOLE, fit: 'inside', withoutEnlargement: true });
  const { width, height, method } = size;
  // "Servers MUST NOT upscale thumbnails under any circumstance."
  if (method === 'scale') return image.resize({ width, height, fit: 'inside', withoutEnlargement: true });
  const { width: w, height: h } = metadata.autoOrient;
  const factor = Math.min(1, w / width, h / height);
  const at = (side: number): number => Math.max(1, Math.round(side * factor));
  return image.resize({ width: at(width), height: at(height), fit: 'cover' });
}

/**
 * Throws M_TOO_LARGE (413) beyond the limits of pixels and time, M_UNKNOWN (400) for what is no readable image.
 */
export async function makeThumbnail(job: ThumbnailJob): Promise<Thumbnail> {
  const metadata = await readMetadata(job.path);
  if (!readable.has(metadata.format)) throw cannot();
  const frames = job.animated ? (metadata.pages ?? 1) : 1;
  const framePixels = metadata.width * (metadata.pageHeight ?? metadata.height);
  if (framePixels > THUMBNAIL_SOURCE_PIXELS_MAX) throw tooManyPixels();
  // An animation that is too long is shown standing still.
  const animated = frames > 1 && framePixels * frames <= THUMBNAIL_SOURCE_PIXELS_MAX;
  const original = await ownType(job, metadata);
  if (original) return { original };
  const image = sharp(job.path, { animated, limitInputPixels: THUMBNAIL_SOURCE_PIXELS_MAX, failOn: 'none' })
    .timeout({ seconds: THUMBNAIL_TIME_S_MAX })
    .autoOrient();
  const small = resized(image, job.size, metadata);
  try {
    // "Servers SHOULD prefer to return image/webp thumbnails when supporting animation."
    if (animated) return { contentType: 'image/webp', bytes: await small.webp({ effort: 2, quality: 75 }).toBuffer() };
    if (metadata.hasAlpha) return { contentType: 'image/png', bytes: await small.png().toBuffer() };
    return { contentType: 'image/jpeg', bytes: await small.jpeg({ quality: 80 }).toBuffer() };
  } catch (cause) {
    throw String(cause).includes('timeout') ? tooManyPixels(cause) : cannot(cause);
  }
}
