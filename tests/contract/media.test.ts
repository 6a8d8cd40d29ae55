// Media on a real disk and both engines: nothing is kept that no row names, and nothing is lost that one names.

import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import sharp from 'sharp';
import { afterEach, expect, test } from 'vitest';
import type { OutboundStream } from '../../src/http/outbound/outbound.ts';
import { OutboundError } from '../../src/http/outbound/outbound-error.ts';
import { silentLog } from '../../src/lib/log.ts';
import { manualClock } from '../../src/lib/manual-clock.ts';
import { type Media, openMedia } from '../../src/media/media.ts';
import type { MediaConfig } from '../../src/media/media-context.ts';
import type { PeerCall } from '../../src/peers/calls/call.ts';
import { PeerError } from '../../src/peers/peer-error.ts';
import type { ServerName } from '../../src/protocol/ids/branded.ts';
import { parseMxcUri } from '../../src/protocol/ids/mxc-uri.ts';
import type { Database } from '../../src/storage/database.ts';
import { isFileUsed } from '../../src/storage/stores/media-files.ts';
import { findPreview, previewsBefore, removePreview, savePreview } from '../../src/storage/stores/url-previews.ts';
import { describeOnBothEngines } from '../harness/databases.ts';
import { owner, serverName } from '../harness/e2ee-people.ts';

const clock = manualClock();
const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

const freshDirectory = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'kintsugi-media-'));
  directories.push(directory);
  return directory;
};

const config: MediaConfig = {
  maxUploadSizeBytes: 1000,
  openDownloads: false,
  urlPreviews: true,
  remoteCacheSizeBytesMax: 0,
  quota: { totalBytesMax: 0, dailyBytesMax: 0, infoUri: 'https://here.test/quota' },
};

/** What other servers answer by content URI; asked for: each request's URI. */
const remote = { files: new Map<string, OutboundStream>(), asked: [] as string[] };
const peers = {
  async stream({ destination, path }: PeerCall): Promise<OutboundStream> {
    const uri = `mxc://${destination}/${path.split('/').at(-1)}`;
    remote.asked.push(`${path.split('/')[2]} ${uri}`);
    const answer = path.startsWith('/_matrix/federation/') ? remote.files.get(uri) : undefined;
    if (answer) return answer;
    throw new PeerError(destination, 'application', 'no such media', { status: 404, errcode: 'M_NOT_FOUND' });
  },
};

const multipart = (content: string, headers: string): OutboundStream => ({
  status: 200,
  headers: { 'content-type': 'multipart/mixed; boundary=limit' },
  url: 'https://there.test/',
  body: Readable.from([
    Buffer.from(`--limit\r\nContent-Type: application/json\r\n\r\n{}\r\n--limit\r\n${headers}\r\n\r\n${content}`),
    Buffer.from('\r\n--limit--\r\n'),
  ]),
});

const start = async (db: Database, directory = freshDirectory(), changed: Partial<MediaConfig> = {}) => {
  const outbound = { stream: () => Promise.reject(new OutboundError('refused', 'no test here goes out')) };
  const deps = { db, clock, log: silentLog, serverName: serverName as ServerName, outbound, peers };
  const media = await openMedia({ ...deps, directory, config: { ...config, ...changed } });
  return { media, directory };
};

const upload = (text: string | Readable, fileName?: string) => ({
  source: typeof text === 'string' ? Readable.from([Buffer.from(text)]) : text,
  contentType: 'text/plain',
  fileName,
});

const wanted = (uri: string, timeoutMs = 0, isAnonymous = false) => ({
  ...parseMxcUri(uri),
  timeoutMs,
  isAnonymous,
  signal: new AbortController().signal,
});

const textOf = async (media: Media, uri: string): Promise<string> =>
  (await buffer(await media.read(await media.find(wanted(uri))))).toString();

const sha256 = (text: string): Uint8Array => new Uint8Array(createHash('sha256').update(text).digest());

/** Every file below the directory. */
const filesIn = async (directory: string): Promise<string[]> => {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
};

const full = (): Error => Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });

async function* failing(error: Error): AsyncGenerator<Buffer> {
  yield Buffer.from('the first half');
  throw error;
}

describeOnBothEngines('media', (open) => {
  test('the same content twice is one file and two URIs', async () => {
    const db = await open();
    const { media, directory } = await start(db);
    const { user } = await owner(db, 'alice');
    const [first, second] = await Promise.all([
      media.upload(user, upload('Hello', 'a\0☕.txt')),
      media.upload(user, upload('Hello')),
    ]);
    expect(first).not.toBe(second);
    expect(await filesIn(directory)).toHaveLength(1);
    expect(await textOf(media, first)).toBe('Hello');
    expect(await media.find(wanted(first))).toMatchObject({
      contentType: 'text/plain',
      fileName: 'a\0☕.txt',
      sizeBytes: 5,
    });
    expect(await media.uploadsOf(user)).toHaveLength(2);
    const [oldest] = await media.uploadsOf(user, { limit: 1 });
    expect(await media.uploadsOf(user, { after: oldest!.nid })).toHaveLength(1);

    expect(await media.remove(parseMxcUri(first))).toBe(true);
    expect(await media.remove(parseMxcUri(first))).toBe(false);
    expect(await textOf(media, second)).toBe('Hello');
    await media.remove(parseMxcUri(second));
    expect(await filesIn(directory)).toEqual([]);
    await expect(media.find(wanted(second))).rejects.toMatchObject({ errcode: 'M_NOT_FOUND' });
  });

  test.each([
    ['breaks off', new Error('the client went away'), { message: 'the client went away' }],
    ['fills the disk', full(), { status: 507 }],
  ])('an upload that %s leaves nothing', async (_what, error, expected) => {
    const db = await open();
    const { media, directory } = await start(db);
    await expect(media.upload(1, upload(Readable.from(failing(error))))).rejects.toMatchObject(expected);
    expect(await filesIn(directory)).toEqual([]);
    expect(await media.uploadsOf(1)).toEqual([]);
  });

  test('an upload that is too large leaves nothing, whether or not it says its size', async () => {
    const db = await open();
    const { media, directory } = await start(db);
    const large = 'x'.repeat(1001);
    await expect(media.upload(1, upload(large))).rejects.toMatchObject({ status: 413, errcode: 'M_TOO_LARGE' });
    const unread = upload(large);
    await expect(media.upload(1, { ...unread, sizeBytes: 1001 })).rejects.toMatchObject({ errcode: 'M_TOO_LARGE' });
    expect(unread.source.destroyed).toBe(true);
    expect(await filesIn(directory)).toEqual([]);
    await media.upload(1, upload('x'.repeat(1000)));
  });

  test('what a crash left is removed at the next start, and what a row names stays', async () => {
    const db = await open();
    const { media, directory } = await start(db);
    const kept = await media.upload(1, upload('kept'));
    const lost = sha256('lost');
    const hex = Buffer.from(lost).toString('hex');
    const path = join(directory, hex.slice(0, 2), hex.slice(2, 4));
    await mkdir(path, { recursive: true });
    await writeFile(join(path, hex.slice(4)), 'lost');
    await writeFile(join(directory, 'incoming', hex), '');
    await writeFile(join(directory, 'incoming', Buffer.from(sha256('kept')).toString('hex')), '');
    await writeFile(join(directory, 'incoming', 'abc.part'), 'half');
    const again = await start(db, directory);
    expect(await filesIn(directory)).toHaveLength(1);
    expect(await textOf(again.media, kept)).toBe('kept');
  });

  test('a created URI can be uploaded to once, by its creator, in time', async () => {
    const db = await open();
    const { media, directory } = await start(db);
    const { contentUri, expiresTs } = await media.create(1);
    const uri = parseMxcUri(contentUri);
    expect(expiresTs - clock.now()).toBe(86_400_000);
    await expect(media.find(wanted(contentUri))).rejects.toMatchObject({ status: 504, errcode: 'M_NOT_YET_UPLOADED' });
    await expect(media.uploadTo(2, uri, upload('mine'))).rejects.toMatchObject({ errcode: 'M_FORBIDDEN' });
    const unknown = { ...uri, mediaId: 'unknown' };
    await expect(media.uploadTo(1, unknown, upload('x'))).rejects.toMatchObject({ errcode: 'M_NOT_FOUND' });
    const waiting = media.find(wanted(contentUri, 60_000));
    await media.uploadTo(1, uri, upload('mine'));
    expect(await waiting).toMatchObject({ sizeBytes: 4 });
    await expect(media.uploadTo(1, uri, upload('again'))).rejects.toMatchObject({
      status: 409,
      errcode: 'M_CANNOT_OVERWRITE_MEDIA',
    });
    expect(await filesIn(directory)).toHaveLength(1);

    const late = (await media.create(1)).contentUri;
    await clock.advance(86_400_000);
    await expect(media.uploadTo(1, parseMxcUri(late), upload('x'))).rejects.toMatchObject({ errcode: 'M_NOT_FOUND' });
    await expect(media.find(wanted(late))).rejects.toMatchObject({ errcode: 'M_NOT_FOUND' });
  });

  test('of two uploads to one URI at the same time one wins, and the other leaves nothing', async () => {
    const db = await open();
    const { media, directory } = await start(db);
    const uri = parseMxcUri((await media.create(1)).contentUri);
    const results = await Promise.allSettled(['a', 'b'].map((text) => media.uploadTo(1, uri, upload(text))));
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await filesIn(directory)).toHaveLength(1);
  });

  test('pending uploads are counted until they expire', async () => {
    const db = await open();
    const { media } = await start(db);
    for (let i = 0; i < 20; i++) await media.create(1);
    await expect(media.create(1)).rejects.toMatchObject({
      status: 429,
      errcode: 'M_LIMIT_EXCEEDED',
      fields: { retry_after_ms: 86_400_000 },
    });
    await media.create(2);
    await clock.advance(86_400_000);
    await media.create(1);
  });

  test('quotas bound what a user uploads in all and in a day', async () => {
    const db = await open();
    const quota = { totalBytesMax: 25, dailyBytesMax: 10, infoUri: 'https://here.test/quota' };
    const { media, directory } = await start(db, undefined, { quota });
    const first = await media.upload(1, upload('12345'));
    await clock.advance(3_600_000);
    await media.upload(1, upload('67890'));
    await expect(media.upload(1, upload('x'))).rejects.toMatchObject({
      errcode: 'M_LIMIT_EXCEEDED',
      fields: { retry_after_ms: 82_800_000 },
    });
    await media.upload(2, upload('x'));
    await clock.advance(86_400_001);
    await media.upload(1, upload('abcdefghij'));
    await clock.advance(86_400_001);
    await expect(media.upload(1, upload('more!!'))).rejects.toMatchObject({
      status: 403,
      errcode: 'M_USER_LIMIT_EXCEEDED',
      fields: { info_uri: 'https://here.test/quota' },
    });
    await media.remove(parseMxcUri(first));
    await media.upload(1, upload('more!!'));
    expect(await filesIn(directory)).toHaveLength(4);
  });

  test('content in quarantine is neither served nor accepted until it is released', async () => {
    const db = await open();
    const { media, directory } = await start(db);
    const uri = await media.upload(1, upload('bad'));
    await media.quarantine(sha256('bad'));
    await media.quarantine(sha256('never seen'));
    await expect(media.find(wanted(uri))).rejects.toMatchObject({ errcode: 'M_NOT_FOUND' });
    for (const text of ['bad', 'never seen']) {
      await expect(media.upload(2, upload(text))).rejects.toMatchObject({ errcode: 'M_FORBIDDEN' });
    }
    expect(await filesIn(directory)).toHaveLength(1);
    await media.release(sha256('bad'));
    await media.release(sha256('never seen'));
    expect(await textOf(media, uri)).toBe('bad');
    await media.upload(2, upload('never seen'));
    expect(await db.read((tx) => isFileUsed(tx, sha256('never seen')))).toBe(true);
  });

  test('without a token only what was uploaded while that was allowed is found', async () => {
    const db = await open();
    const { media: openly, directory } = await start(db, undefined, { openDownloads: true });
    const old = await openly.upload(1, upload('old'));
    const { media } = await start(db, directory);
    const fresh = await media.upload(1, upload('new'));
    expect(await media.find(wanted(old, 0, true))).toMatchObject({ sizeBytes: 3 });
    await expect(media.find(wanted(fresh, 0, true))).rejects.toMatchObject({ errcode: 'M_NOT_FOUND' });
    await expect(media.find(wanted('mxc://elsewhere.test/abc'))).rejects.toMatchObject({ errcode: 'M_NOT_FOUND' });
  });

  test('thumbnails are made once, kept, and go with their content', async () => {
    const db = await open();
    const { media, directory } = await start(db, undefined, { maxUploadSizeBytes: 100_000 });
    const create = { width: 400, height: 300, channels: 3, background: 'red' } as const;
    const image = await sharp({ create }).png().toBuffer();
    const uri = await media.upload(1, { ...upload(Readable.from([image])), contentType: 'image/png' });
    const found = await media.find(wanted(uri));
    const square = { width: 90, height: 90, method: 'crop', animated: false } as const;
    const [first, second] = await Promise.all([media.thumbnail(found, square), media.thumbnail(found, square)]);
    expect(second).toBe(first);
    expect(await filesIn(join(directory, 'thumbnails'))).toHaveLength(1);
    const { media: again } = await start(db, directory);
    expect(await again.thumbnail(found, square)).toMatchObject({ contentType: 'image/jpeg' });
    expect(await again.thumbnail(found, { ...square, width: 1000, height: 1000 })).toEqual({ original: 'image/png' });
    expect(await again.thumbnail(found, { ...square, width: 1000, height: 1000 })).toEqual({ original: 'image/png' });
    expect(await filesIn(join(directory, 'thumbnails'))).toHaveLength(2);
    await again.remove(parseMxcUri(uri));
    expect(await filesIn(directory)).toEqual([]);
  });

  test('previews are kept with their images, and go together', async () => {
    const db = await open();
    const { media, directory } = await start(db);
    const key = { urlHash: sha256('https://a.test/'), fetchedTs: 1000 };
    const uri = await media.upload(1, upload('image'));
    const content = { hash: sha256('image'), sizeBytes: 5, contentType: 'image/png', fileName: null };
    const image = {
      server: serverName as ServerName,
      mediaId: 'preview',
      content,
      uploader: null,
      isOpen: false,
      now: 1000,
    };
    await db.write(savePreview, { ...key, body: '{"a":1}', image: { ...image, quota: config.quota } });
    await db.write(savePreview, { ...key, fetchedTs: 2000, body: '{"a":2}', image: undefined });
    expect(await db.read((tx) => findPreview(tx, key.urlHash, 1500))).toBe('{"a":2}');
    expect(await db.read((tx) => findPreview(tx, key.urlHash, 2001))).toBeUndefined();
    expect(await db.read((tx) => previewsBefore(tx, 2000, 5))).toEqual([{ ...key, file: content.hash }]);
    expect(await db.write(removePreview, key)).toBeUndefined();
    await media.remove(parseMxcUri(uri));
    expect(await filesIn(directory)).toEqual([]);
    await expect(media.preview('https://a.test/other')).rejects.toMatchObject({ errcode: 'M_FORBIDDEN' });
    await expect(media.preview('file:///etc/passwd')).rejects.toMatchObject({ errcode: 'M_INVALID_PARAM' });
  });

  test("another server's file is fetched once, and goes when room is needed", async () => {
    const db = await open();
    const { media, directory } = await start(db, freshDirectory(), { remoteCacheSizeBytesMax: 12 });
    const headers = "Content-Type: text/plain\r\nContent-Disposition: attachment; filename*=utf-8''a%20%E2%98%95.txt";
    remote.asked.length = 0;
    for (const name of ['a', 'b']) remote.files.set(`mxc://there.test/${name}`, multipart(`of ${name}\r\n--`, headers));
    const [first, second] = ['mxc://there.test/a', 'mxc://there.test/b'] as const;
    const [one, other] = await Promise.all([media.find(wanted(first)), media.find(wanted(first))]);
    expect(one).toMatchObject({ contentType: 'text/plain', fileName: 'a ☕.txt', sizeBytes: 8 });
    expect(other).toEqual(one);
    expect(await textOf(media, first)).toBe('of a\r\n--');
    expect(remote.asked).toEqual([`federation ${first}`]);
    await expect(media.find(wanted(first, 0, true))).rejects.toMatchObject({ errcode: 'M_NOT_FOUND' });
    await expect(media.find({ ...wanted(second), mayFetch: false })).rejects.toMatchObject({ errcode: 'M_NOT_FOUND' });
    await expect(media.find(wanted('mxc://there.test/none'))).rejects.toMatchObject({ errcode: 'M_NOT_FOUND' });
    await clock.advance(1);
    await media.find(wanted(second));
    await media.cleanUp();
    expect(await filesIn(directory)).toHaveLength(1);
    expect(await textOf(media, second)).toBe('of b\r\n--');
  });

  test.each([
    ['is no multipart', { ...multipart('x', ''), headers: { 'content-type': 'text/plain' } }],
    [
      'ends early',
      { ...multipart('x', ''), body: Readable.from([Buffer.from('--limit\r\n\r\n{}\r\n--limit\r\n\r\nx')]) },
    ],
    ['is too large', multipart('x'.repeat(1001), '')],
  ])('an answer that %s leaves nothing', async (_what, answer) => {
    const db = await open();
    const { media, directory } = await start(db);
    remote.files.set('mxc://there.test/bad', answer);
    await expect(media.find(wanted('mxc://there.test/bad'))).rejects.toMatchObject({
      status: /too large/.test(_what) ? 413 : 502,
    });
    expect(await filesIn(directory)).toEqual([]);
  });
});
