// The media part: content-addressed files on disk, the content URIs that name them, thumbnails, quotas.
// Client-Server API, "Content repository".

import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Peers } from '../peers/peers.ts';
import type { ServerName } from '../protocol/ids/branded.ts';
import type { MxcUri } from '../protocol/ids/mxc-uri.ts';
import type { Database } from '../storage/database.ts';
import { findMedia, removeMedia, type StoredMedia, uploadsOf } from '../storage/stores/media.ts';
import { isFileUsed, setQuarantine } from '../storage/stores/media-files.ts';
import { createArrivals } from './arrivals.ts';
import { createDownloads } from './downloads.ts';
import { openFileStore } from './file-store.ts';
import type { MediaConfig, MediaContext } from './media-context.ts';
import type { WayOut } from './previews/fetch-url.ts';
import { createPreviews } from './previews/previews.ts';
import { createRemoteMedia } from './remote/remote-media.ts';
import { createThumbnails } from './thumbnails.ts';
import { createUploads } from './uploads.ts';

export interface MediaDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly serverName: ServerName;
  readonly config: MediaConfig;
  readonly outbound: WayOut;
  readonly peers: Pick<Peers, 'stream'>;
  /** Made when it is not there. */
  readonly directory: string;
}

/** Uploads listed at once. */
const LIST_MAX = 1000;

/** Opens the media directory and removes what a crash left there. */
export const openMedia = async (deps: MediaDeps) => {
  const { db, clock, log, serverName, config, outbound, peers, directory } = deps;
  const files = await openFileStore(directory, (hash) => db.read((tx) => isFileUsed(tx, hash)));
  const context: MediaContext = { db, clock, log, serverName, config, files, arrivals: createArrivals(clock) };
  const remote = createRemoteMedia(context, { peers, outbound });
  return {
    config,
    ...createUploads(context),
    ...createDownloads(context, remote),
    ...createThumbnails(context),
    ...createPreviews(context, outbound),

    /** Deletes the least used of other servers' files beyond the size that is kept. */
    cleanUp: remote.cleanUp,

    /** What the user uploaded, in that order, from after the given nid; for operators' tools. */
    uploadsOf: (user: number, { after = 0, limit = LIST_MAX } = {}): Promise<StoredMedia[]> =>
      db.read((tx) => uploadsOf(tx, user, after, Math.min(limit, LIST_MAX))),

    /** Deletes one URI, and the content once nothing else names it. False: there was none. */
    async remove(uri: MxcUri): Promise<boolean> {
      const media = await db.read((tx) => findMedia(tx, uri));
      if (!media) return false;
      if (media.file === null) await db.write(removeMedia, media.nid);
      else await files.remove(media.file, () => db.write(removeMedia, media.nid));
      return true;
    },

    /** From now on the content with this SHA-256 is neither served nor accepted, whoever uploaded it. */
    quarantine: (hash: Uint8Array): Promise<void> => db.write(setQuarantine, { hash, now: clock.now() }),
    release: (hash: Uint8Array): Promise<void> => db.write(setQuarantine, { hash, now: undefined }),
  };
};

export type Media = Awaited<ReturnType<typeof openMedia>>;
