import { mkdtempSync, rmSync } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, expect, test } from 'vitest';
import { makeThumbnail } from './make-thumbnail.ts';
import { type ThumbnailSize, thumbnailSize } from './thumbnail-size.ts';

const directory = mkdtempSync(join(tmpdir(), 'kintsugi-thumbnails-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const make = async (bytes: Uint8Array, size: ThumbnailSize | undefined, animated = false) => {
  const path = join(directory, 'source');
  await writeFile(path, bytes);
  await using file = await open(path);
  return await makeThumbnail({ path, file, size, animated });
};

const blank = (width: number, height: number, channels: 3 | 4 = 3) =>
  sharp({ create: { width, height, channels, background: { r: 200, g: 100, b: 50, alpha: 0.5 } } });

const animation = async (): Promise<Buffer> => {
  const frames = Buffer.alloc(60 * 40 * 3 * 2, 10);
  frames.fill(200, frames.length / 2);
  return sharp(frames, { raw: { width: 60, height: 80, channels: 3, pageHeight: 40 } })
    .gif()
    .toBuffer();
};

const shapeOf = async (made: Awaited<ReturnType<typeof make>>) => {
  if ('original' in made) return made;
  // From a file: reading images from memory is blocked together with all that is not needed.
  const path = join(directory, 'made');
  await writeFile(path, made.bytes);
  const { width, height, pages = 1 } = await sharp(path).metadata();
  return { type: made.contentType, width, height, pages };
};

const crop96 = thumbnailSize(96, 96, 'crop');
const scale320 = thumbnailSize(320, 240, 'scale');

test('scaling keeps the aspect, cropping gives the one asked for', async () => {
  const jpeg = await blank(1000, 500).jpeg().toBuffer();
  expect(await shapeOf(await make(jpeg, scale320))).toEqual({ type: 'image/jpeg', width: 320, height: 160, pages: 1 });
  expect(await shapeOf(await make(jpeg, crop96))).toEqual({ type: 'image/jpeg', width: 96, height: 96, pages: 1 });
  const png = await blank(400, 50, 4).png().toBuffer();
  expect(await shapeOf(await make(png, crop96))).toEqual({ type: 'image/png', width: 50, height: 50, pages: 1 });
});

test('what is not larger than the thumbnail, and what is larger than every thumbnail, serves as it is', async () => {
  expect(await make(await blank(96, 20).jpeg().toBuffer(), crop96)).toEqual({ original: 'image/jpeg' });
  expect(await make(await blank(2000, 20).webp().toBuffer(), undefined)).toEqual({ original: 'image/webp' });
});

test('the orientation that the camera noted is applied', async () => {
  const turned = await blank(400, 200).jpeg().withMetadata({ orientation: 6 }).toBuffer();
  expect(await shapeOf(await make(turned, scale320))).toEqual({
    type: 'image/jpeg',
    width: 120,
    height: 240,
    pages: 1,
  });
});

test('animations move only when asked to', async () => {
  const gif = await animation();
  const small = { width: 32, height: 32, method: 'crop' } as const;
  expect(await shapeOf(await make(gif, small))).toEqual({ type: 'image/png', width: 32, height: 32, pages: 1 });
  expect(await shapeOf(await make(gif, small, true))).toEqual({ type: 'image/webp', width: 32, height: 32, pages: 2 });
  expect(await make(gif, crop96, true)).toEqual({ original: 'image/gif' });
  expect(await shapeOf(await make(gif, crop96))).toEqual({ type: 'image/png', width: 60, height: 40, pages: 1 });
});

test('an animated PNG that would serve as it is stands still unless asked to move', async () => {
  const png = await blank(20, 20).png().toBuffer();
  const control = Buffer.from('\0\0\0\x08acTL\0\0\0\x01\0\0\0\0____', 'latin1');
  const afterHeader = 8 + 12 + 13;
  const apng = Buffer.concat([png.subarray(0, afterHeader), control, png.subarray(afterHeader)]);
  expect(await make(png, crop96)).toEqual({ original: 'image/png' });
  expect(await make(apng, crop96, true)).toEqual({ original: 'image/png' });
  expect(await make(apng, crop96)).toMatchObject({ contentType: 'image/jpeg' });
});

test('an image of too many pixels is refused before it is decoded', async () => {
  const bomb = await blank(20, 20).png().toBuffer();
  bomb.writeUInt32BE(20_000, 16);
  bomb.writeUInt32BE(5000, 20);
  bomb.writeUInt32BE(crc32(bomb.subarray(12, 29)), 29);
  await expect(make(bomb, crop96)).rejects.toMatchObject({ status: 413, errcode: 'M_TOO_LARGE' });
});

test.each([
  ['text', Buffer.from('Hello')],
  ['nothing', Buffer.alloc(0)],
  [
    'SVG',
    Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'),
  ],
  ['a PNG signature alone', Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')],
])('%s gets no thumbnail', async (_what, bytes) => {
  await expect(make(bytes, crop96)).rejects.toMatchObject({ status: 400, errcode: 'M_UNKNOWN' });
});
