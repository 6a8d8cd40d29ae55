// Which thumbnail to make for the size a client asks for: a few sizes serve all, and none is smaller than asked.

export type ThumbnailMethod = 'crop' | 'scale';

export interface ThumbnailSize {
  readonly width: number;
  readonly height: number;
  readonly method: ThumbnailMethod;
}

/** "Servers SHOULD produce thumbnails with the following dimensions"; larger ones for large screens. */
const scaleSizes: readonly (readonly [number, number])[] = [
  [320, 240],
  [640, 480],
  [800, 600],
  [1600, 1200],
];
const cropSides = [32, 96, 320, 640, 800, 1600];

/** undefined: larger than any thumbnail; the content itself serves. */
export function thumbnailSize(width: number, height: number, method: ThumbnailMethod): ThumbnailSize | undefined {
  if (method === 'scale') {
    const size = scaleSizes.find(([w, h]) => w >= width && h >= height);
    return size && { width: size[0], height: size[1], method };
  }
  // "crop provides an image in the aspect ratio of the sizes given in the request."
  const longer = Math.max(width, height);
  const side = cropSides.find((each) => each >= longer);
  if (side === undefined) return undefined;
  const factor = side / longer;
  return { width: Math.ceil(width * factor), height: Math.ceil(height * factor), method };
}
