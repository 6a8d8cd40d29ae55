// Files of other servers: fetched once when somebody asks for them, kept until room is needed for others.

import { OutboundError } from '../../http/outbound/outbound-error.ts';
import { singleFlight } from '../../lib/single-flight.ts';
import { createTurns } from '../../lib/turns.ts';
import { PeerError } from '../../peers/peer-error.ts';
import { MatrixError, notFound, remoteFailure, tooLarge } from '../../protocol/errors/matrix-error.ts';
import { type MxcUri, mxcUri } from '../../protocol/ids/mxc-uri.ts';
import { addMedia, type StoredMedia } from '../../storage/stores/media.ts';
import { leastUsedRemoteMedia, noteMediaUse, removeRemoteMedia } from '../../storage/stores/remote-media.ts';
import type { MediaContext } from '../media-context.ts';
import { fetchRemote, type RemoteDeps } from './fetch-remote.ts';

const FETCHES_MAX = 16;
const FETCHES_WAITING_MAX = 1000;
/** A use is noted once in this time. */
const USE_NOTED_MS = 24 * 3_600_000;
/** Remote media that one step of the clean-up looks at. */
const STEP = 100;

export const createRemoteMedia = (context: MediaContext, deps: RemoteDeps) => {
  const { db, clock, log, config, files } = context;
  const flights = singleFlight<string, void>();
  const inTurn = createTurns({
    runningMax: FETCHES_MAX,
    waitingMax: FETCHES_WAITING_MAX,
    full: () => remoteFailure('Too many files of other servers are being fetched. Try again later.'),
  });

  const fetchInto = async (uri: MxcUri): Promise<void> => {
    const sizeBytesMax = config.maxUploadSizeBytes;
    const { contentType, fileName, content } = await fetchRemote(deps, uri, sizeBytesMax);
    const received = await files.receive(content, sizeBytesMax);
    const { hash, sizeBytes } = received;
    await files.keep(received, () =>
      db.write(addMedia, {
        ...uri,
        content: { hash, sizeBytes, contentType, fileName },
        uploader: null,
        isOpen: config.openDownloads,
        quota: config.quota,
        now: clock.now(),
      }),
    );
  };

  return {
    /** Throws M_NOT_FOUND, M_TOO_LARGE, and 502 with what became of the request. */
    fetch: (uri: MxcUri): Promise<void> =>
      flights.run(mxcUri(uri), () => inTurn(() => fetchInto(uri)).catch((error: unknown) => refuse(uri, error))),

    /** Remembers that it is still wanted. */
    async noteUse({ nid, usedTs }: StoredMedia): Promise<void> {
      const now = clock.now();
      if (usedTs !== null && now - usedTs < USE_NOTED_MS) return;
      await db.write(noteMediaUse, { nid, now });
    },

    /** Deletes the least used files beyond the size that is kept. */
    async cleanUp(): Promise<void> {
      if (config.remoteCacheSizeBytesMax === 0) return;
      for (;;) {
        const surplus = await db.read((tx) => leastUsedRemoteMedia(tx, config.remoteCacheSizeBytesMax, STEP));
        for (const { nid, file } of surplus) await files.remove(file, () => db.write(removeRemoteMedia, nid));
        if (surplus.length > 0)
          log.info({ files: surplus.length }, 'Files of other servers were deleted to make room.');
        if (surplus.length < STEP) return;
      }
    },
  };
};

export type RemoteMedia = ReturnType<typeof createRemoteMedia>;

/** What the client is told. */
const refuse = (uri: MxcUri, error: unknown): never => {
  if (error instanceof MatrixError) throw error;
  if (error instanceof PeerError && error.status === 404) throw notFound(`${uri.server} has no such media.`);
  if (error instanceof PeerError || error instanceof OutboundError) {
    const isSize = (error instanceof OutboundError ? error : (error.cause as Partial<OutboundError> | undefined))
      ?.stage;
    if (isSize === 'size') throw tooLarge('The file is larger than this server fetches.');
  }
  const why = error instanceof Error ? error.message : String(error);
  throw remoteFailure(`${uri.server} did not give the file: ${why}`, { cause: error });
};
