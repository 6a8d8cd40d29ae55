// Files over a real server: uploads at once and in two steps, downloads, thumbnails, what is refused, restarts.

import { readdir } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createClient, register, type TestClient } from '../harness/client.ts';
import { startServer, type TestServer } from '../harness/server.ts';

let server: TestServer;
let alice: TestClient;
let bob: TestClient;
let png: Uint8Array;

const env = { KINTSUGI_MEDIA_MAX_UPLOAD_SIZE_BYTES: '1000000', KINTSUGI_MEDIA_USER_QUOTA_BYTES: '5000000' };

beforeAll(async () => {
  server = await startServer({ env });
  alice = await register(server.baseUrl, 'alice');
  bob = await register(server.baseUrl, 'bob');
  png = await sharp({ create: { width: 400, height: 300, channels: 3, background: 'teal' } })
    .png()
    .toBuffer();
});
afterAll(() => server[Symbol.asyncDispose]());

const upload = async (client: TestClient, rawBody: string | Uint8Array, type: string, filename?: string) => {
  const query: Record<string, string> = filename === undefined ? {} : { filename };
  const options = { rawBody, headers: { 'Content-Type': type }, query };
  const { content_uri: uri } = await client.ok(client.post('/_matrix/media/v3/upload', undefined, options));
  return String(uri).slice('mxc://'.length);
};

const download = (client: TestClient, media: string, headers: Record<string, string> = {}) =>
  client.get(`/_matrix/client/v1/media/download/${media}`, { headers });

test('what one user uploads, every user of the server downloads, safely', async () => {
  const media = await upload(alice, png, 'image/png', 'name;with "semicolons" ☕.png');
  expect(media).toMatch(/^kintsugi\.test\/[A-Za-z0-9]{24}$/);
  const { status, body, headers } = await download(bob, media);
  expect(status).toBe(200);
  expect(Buffer.from(body)).toEqual(Buffer.from(png));
  expect(Object.fromEntries(headers)).toMatchObject({
    'content-type': 'image/png',
    'content-length': String(png.length),
    'content-disposition': `inline; filename="name;with _semicolons_ _.png"; filename*=utf-8''name%3Bwith%20%22semicolons%22%20%E2%98%95.png`,
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'cross-origin',
    'cache-control': 'private, max-age=86400',
    'access-control-allow-origin': '*',
  });
  expect(headers.get('content-security-policy')).toMatch(/^sandbox; default-src 'none'/);
  const named = await bob.get(`/_matrix/client/v1/media/download/${media}/${encodeURIComponent('other name.png')}`);
  expect(named.headers.get('content-disposition')).toBe('inline; filename="other name.png"');
  const html = await upload(alice, '<script>alert(1)</script>', 'text/html');
  expect((await download(bob, html)).headers.get('content-disposition')).toBe('attachment');
  expect((await download(createClient(server.baseUrl), media)).status).toBe(401);
});

test('what the client has is not sent again, and a part is sent alone', async () => {
  const media = await upload(alice, '0123456789', 'text/plain');
  const etag = (await download(bob, media)).headers.get('etag') ?? '';
  expect((await fetchBare(media, { 'If-None-Match': etag })).status).toBe(304);
  const part = await fetchBare(media, { Range: 'bytes=2-4' });
  expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([206, 'bytes 2-4/10', '234']);
  expect((await fetchBare(media, { Range: 'bytes=10-' })).status).toBe(416);
  const head = await fetchBare(media, {}, 'HEAD');
  expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '10', '']);
});

/** Statuses that the specification does not list, because they are HTTP's. */
const fetchBare = (media: string, headers: Record<string, string>, method = 'GET') =>
  fetch(`${server.baseUrl}/_matrix/client/v1/media/download/${media}`, {
    method,
    headers: { Authorization: `Bearer ${bob.accessToken}`, ...headers },
  });

test('the old endpoints are frozen, unless the operator leaves them open', async () => {
  const anonymous = createClient(server.baseUrl);
  const media = await upload(alice, png, 'image/png');
  for (const kind of ['download', 'thumbnail']) {
    for (const version of ['v3', 'r0']) {
      const query = { width: 32, height: 32 };
      const { status, body } = await anonymous.get(`/_matrix/media/${version}/${kind}/${media}`, { query });
      expect([status, body.errcode]).toEqual([404, 'M_NOT_FOUND']);
    }
  }
  await using open = await startServer({ env: { KINTSUGI_MEDIA_OPEN_DOWNLOADS: 'true' } });
  const carol = await register(open.baseUrl, 'carol');
  const old = await upload(carol, 'open', 'text/plain');
  const { status, headers } = await createClient(open.baseUrl).get(`/_matrix/media/v3/download/${old}`);
  expect([status, headers.get('cache-control')]).toEqual([200, 'public, max-age=86400']);
});

test('a created URI waits for its upload', async () => {
  const created = await alice.ok(alice.post('/_matrix/media/v1/create', undefined));
  const media = String(created.content_uri).slice('mxc://'.length);
  expect(created.unused_expires_at).toBeGreaterThan(Date.now());
  const path = `/_matrix/client/v1/media/download/${media}`;
  const early = await bob.get(path, { query: { timeout_ms: 10 } });
  expect([early.status, early.body.errcode]).toEqual([504, 'M_NOT_YET_UPLOADED']);
  const put = (client: TestClient) =>
    client.put(`/_matrix/media/v3/upload/${media}`, undefined, {
      rawBody: 'now',
      headers: { 'Content-Type': 'text/plain' },
    });
  expect((await put(bob)).body.errcode).toBe('M_FORBIDDEN');
  const waiting = bob.get(path, { query: { timeout_ms: 20_000 } });
  expect(await alice.ok(put(alice))).toEqual({});
  expect(Buffer.from((await waiting).body).toString()).toBe('now');
  const again = await put(alice);
  expect([again.status, again.body.errcode]).toEqual([409, 'M_CANNOT_OVERWRITE_MEDIA']);
});

test('thumbnails', async () => {
  const media = await upload(alice, png, 'image/png');
  const thumbnail = (query: Record<string, string | number>) =>
    bob.get(`/_matrix/client/v1/media/thumbnail/${media}`, { query });
  const { status, headers, body } = await thumbnail({ width: 30, height: 30, method: 'crop' });
  expect(status).toBe(200);
  expect(headers.get('content-type')).toBe('image/jpeg');
  expect(headers.get('content-disposition')).toBe('inline; filename="thumbnail.jpeg"');
  expect(Buffer.from(body).subarray(0, 3)).toEqual(Buffer.from([0xff, 0xd8, 0xff]));
  const whole = await thumbnail({ width: 800, height: 600, method: 'scale' });
  expect(Buffer.from(whole.body)).toEqual(Buffer.from(png));
  expect((await thumbnail({ width: 30 })).body.errcode).toBe('M_MISSING_PARAM');
  for (const width of ['x', -1, 0])
    expect((await thumbnail({ width, height: 3 })).body.errcode).toBe('M_INVALID_PARAM');
  const text = await upload(alice, 'no image', 'image/png');
  const none = await bob.get(`/_matrix/client/v1/media/thumbnail/${text}`, { query: { width: 9, height: 9 } });
  expect([none.status, none.body.errcode]).toEqual([400, 'M_UNKNOWN']);
});

test('what does not exist here, and what is no media id', async () => {
  expect((await download(bob, 'kintsugi.test/unknown')).body.errcode).toBe('M_NOT_FOUND');
  expect(await download(bob, 'elsewhere.invalid/abc')).toMatchObject({ status: 502, body: { errcode: 'M_UNKNOWN' } });
  for (const media of ['kintsugi.test/%2e%2e%2f%2e%2e%2fsecret', 'kintsugi.test/a.b', '..%2f/abc', 'a%00b/abc']) {
    expect((await download(bob, media)).body.errcode).toBe('M_INVALID_PARAM');
  }
});

test('limits', async () => {
  for (const path of ['/_matrix/client/v1/media/config', '/_matrix/media/v3/config']) {
    expect(await alice.ok(alice.get(path))).toEqual({ 'm.upload.size': 1_000_000 });
  }
  const tooLarge = await alice.post('/_matrix/media/v3/upload', undefined, { rawBody: new Uint8Array(1_000_001) });
  expect([tooLarge.status, tooLarge.body.errcode]).toEqual([413, 'M_TOO_LARGE']);
  const dora = await register(server.baseUrl, 'dora');
  for (let i = 0; i < 5; i++) await upload(dora, new Uint8Array(1_000_000).fill(i), 'application/octet-stream');
  const beyond = await dora.post('/_matrix/media/v3/upload', undefined, { rawBody: 'x' });
  expect([beyond.status, beyond.body]).toMatchObject([
    403,
    { errcode: 'M_USER_LIMIT_EXCEEDED', info_uri: 'https://kintsugi.test/' },
  ]);
});

test('an upload that is cut off leaves nothing, and what was uploaded outlives the process', async () => {
  await using other = await startServer({ env });
  const erin = await register(other.baseUrl, 'erin');
  const media = await upload(erin, 'kept', 'text/plain');
  const cut = request(`${other.baseUrl}/_matrix/media/v3/upload`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${erin.accessToken}`, 'Content-Length': '500000' },
  });
  cut.on('error', () => {});
  cut.write(Buffer.alloc(100_000));
  const incoming = join(other.directory, 'media/incoming');
  await expect.poll(() => readdir(incoming)).toHaveLength(1);
  cut.destroy();
  await expect.poll(() => readdir(incoming)).toEqual([]);
  await other.stop('SIGKILL');
  await using again = await startServer({ env, directory: other.directory, port: other.port });
  expect(again.port).toBe(other.port);
  expect(Buffer.from((await download(erin, media)).body).toString()).toBe('kept');
});

test('previews of links', async () => {
  const asked: string[] = [];
  const site = createServer((request, response) => {
    asked.push(request.url ?? '');
    if (request.url === '/page?x=1') {
      response.setHeader('Content-Type', 'text/html; charset=utf-8');
      response.end(`<html><head><title>Fallback</title>
        <meta property="og:title" content="The Rock &amp; more"><meta property="og:image" content="image.png">
        <meta name="description" content="A film"></head><body><p>${'x'.repeat(2_000_000)}`);
    } else if (request.url === '/image.png') response.setHeader('Content-Type', 'image/png').end(png);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  const preview = (url: string, path = '/_matrix/client/v1/media/preview_url') => alice.get(path, { query: { url } });
  const body = await alice.ok(preview(`${origin}/page?x=1`));
  const { 'og:image': image, ...rest } = body;
  expect(rest).toEqual({
    'og:title': 'The Rock & more',
    'og:description': 'A film',
    'og:image:type': 'image/png',
    'og:image:width': 400,
    'og:image:height': 300,
    'matrix:image:size': png.length,
  });
  expect(Buffer.from((await download(bob, image.slice('mxc://'.length))).body)).toEqual(Buffer.from(png));
  expect(await alice.ok(preview(`${origin}/page?x=1#part`, '/_matrix/media/v3/preview_url'))).toEqual(body);
  expect(asked).toEqual(['/page?x=1', '/image.png']);
  expect((await alice.ok(preview(`${origin}/image.png`)))['og:image:width']).toBe(400);
  expect((await preview(`${origin}/none`)).body.errcode).toBe('M_NOT_FOUND');
  expect((await preview('http://169.254.169.254/latest')).body.errcode).toBe('M_FORBIDDEN');
  expect((await preview('file:///etc/passwd')).body.errcode).toBe('M_INVALID_PARAM');
  site.closeAllConnections();
  site.close();
});
