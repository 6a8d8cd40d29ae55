// Files of one server, wanted on another.

import sharp from 'sharp';
import { expect, test } from 'vitest';
import type { Journeys } from './pairings.ts';
import type { Person } from './person.ts';

const upload = async ({ client }: Person, bytes: Uint8Array, contentType: string, name: string): Promise<string> => {
  const options = { query: { filename: name }, rawBody: bytes, headers: { 'Content-Type': contentType } };
  const { content_uri } = await client.ok(client.post('/_matrix/media/v3/upload', undefined, options));
  return content_uri.slice('mxc://'.length);
};

export const media: Journeys = ({ resident, visitor }) => {
  test('files and thumbnails, both ways', async () => {
    await using stack = new AsyncDisposableStack();
    const [anna, bert] = await Promise.all([resident(stack), visitor(stack)]);
    const picture = await sharp({ create: { width: 400, height: 300, channels: 3, background: 'teal' } })
      .png()
      .toBuffer();
    const text = new TextEncoder().encode('Dear all,\r\n--boundary\r\n\r\nyours');
    for (const [one, { client }] of [
      [anna, bert],
      [bert, anna],
    ] as const) {
      const image = await upload(one, picture, 'image/png', 'sea.png');
      const got = await client.get(`/_matrix/client/v1/media/download/${image}`);
      expect([got.status, got.body.error]).toEqual([200, undefined]);
      expect(got.headers.get('content-type')).toBe('image/png');
      expect(got.headers.get('content-disposition')).toContain('sea.png');
      expect(Buffer.from(got.body).equals(picture)).toBe(true);

      const query = { width: 96, height: 96, method: 'crop' };
      const small = await client.get(`/_matrix/client/v1/media/thumbnail/${image}`, { query });
      expect(small.status).toBe(200);
      const { width, height } = await sharp(small.body).metadata();
      expect([width, height]).toEqual([96, 96]);

      const letter = await upload(one, text, 'text/plain', 'letter.txt');
      const read = await client.get(`/_matrix/client/v1/media/download/${letter}`);
      expect(new TextDecoder().decode(read.body)).toBe('Dear all,\r\n--boundary\r\n\r\nyours');

      const [serverName] = letter.split('/');
      const missing = await client.get(`/_matrix/client/v1/media/download/${serverName}/ThereIsNoSuchFileHere12`);
      expect([missing.status, missing.body.errcode]).toEqual([404, 'M_NOT_FOUND']);
    }
  });
};
