// Finds what a content URI names, waiting for uploads that were announced, and opens its file.

import type { Readable } from 'node:stream';
import { notFound, notYetUploaded } from '../protocol/errors/matrix-error.ts';
import type { MxcUri } from '../protocol/ids/mxc-uri.ts';
import { findMedia, type StoredMedia } from '../storage/stores/media.ts';
import { UNKNOWN_TYPE } from './content-type.ts';
import type { MediaContext } from './media-context.ts';
import type { RemoteMedia } from './remote/remote-media.ts';

export interface Wanted extends MxcUri {
  /** How long to wait for a created URI's content. */
  readonly timeoutMs: number;
  /** Without an access token: only what was uploaded while that was enough. */
  readonly isAnonymous: boolean;
  /** false: only what is here, as another server asks. Default true. */
  readonly mayFetch?: boolean;
  readonly signal: AbortSignal;
}

export interface FoundMedia {
  readonly hash: Uint8Array;
  readonly sizeBytes: number;
  readonly contentType: string;
  readonly fileName: string | null;
}

/** Bytes from `start` to `end`, both included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

const missing = () => notFound('There is no such media here.');
const notYet = () => notYetUploaded('Media has not been uploaded yet.');

const isReady = (media: StoredMedia): media is StoredMedia & { file: Uint8Array } => media.file !== null;

export const createDownloads = (
  { db, clock, log, files, arrivals, serverName, config }: MediaContext,
  remote: RemoteMedia,
) => {
  const lookUpRemote = async (wanted: Wanted): Promise<StoredMedia | undefined> => {
    const find = () => db.read((tx) => findMedia(tx, wanted));
    const known = await find();
    const mayFetch = wanted.mayFetch !== false && (!wanted.isAnonymous || config.openDownloads);
    if (!known && !mayFetch) return undefined;
    if (!known) await remote.fetch(wanted);
    const media = known ?? (await find());
    if (media) await remote.noteUse(media);
    return media;
  };

  /** Throws M_NOT_FOUND for what does not exist, has expired, or is in quarantine; as RemoteMedia.fetch. */
  const lookUp = async (wanted: Wanted): Promise<StoredMedia> => {
    const isOwn = wanted.server === serverName;
    const media = isOwn ? await db.read((tx) => findMedia(tx, wanted)) : await lookUpRemote(wanted);
    if (!media || media.quarantinedTs !== null) throw missing();
    if (media.expiresTs !== null && media.expiresTs <= clock.now()) throw missing();
    return media;
  };

  const whenReady = async (wanted: Wanted): Promise<StoredMedia & { file: Uint8Array }> => {
    const media = await lookUp(wanted);
    if (isReady(media)) return media;
    // Without a token, waiting for what is not open would end with M_NOT_FOUND.
    if (wanted.timeoutMs === 0 || (wanted.isAnonymous && media.isOpen === 0)) throw notYet();
    const expected = arrivals.expect(media.mediaId);
    try {
      const again = await lookUp(wanted);
      if (isReady(again)) return again;
      await expected.wait(wanted.timeoutMs, wanted.signal);
    } finally {
      expected.done();
    }
    const last = await lookUp(wanted);
    if (!isReady(last)) throw notYet();
    return last;
  };

  return {
    /** Throws M_NOT_FOUND, and M_NOT_YET_UPLOADED (504) after `timeoutMs`. */
    async find(wanted: Wanted): Promise<FoundMedia> {
      const media = await whenReady(wanted);
      // "Newly uploaded media only works on the authenticated endpoints."
      if (wanted.isAnonymous && media.isOpen === 0) throw missing();
      const { file: hash, sizeBytes, contentType, fileName } = media;
      return { hash, sizeBytes, contentType: contentType ?? UNKNOWN_TYPE, fileName };
    },

    /** The content, or a range of it; must be read or destroyed. Throws M_NOT_FOUND when the disk lost it. */
    async read({ hash }: FoundMedia, range?: ByteRange): Promise<Readable> {
      const file = await files.open(hash);
      if (!file) {
        log.error({ hash: Buffer.from(hash).toString('hex') }, 'A media file is missing on disk.');
        throw missing();
      }
      return file.createReadStream(range);
    },
  };
};
