// Uploads: at once, or in two steps (a content URI first, its content later). Client-Server API, "Content repository".

import { randomId } from '../lib/random.ts';
import { type MxcUri, mxcUri } from '../protocol/ids/mxc-uri.ts';
import { addMedia, createPendingMedia, fillPendingMedia, uploadTarget } from '../storage/stores/media.ts';
import type { MediaContext } from './media-context.ts';
import { PENDING_LIFETIME_MS, PENDING_PER_USER_MAX } from './media-limits.ts';
import { createUploadReceiver, type Upload } from './receive-upload.ts';

/** A media id that cannot be guessed: knowing it is all it takes to download. */
const newMediaId = (): string => randomId(24);

export const createUploads = (context: MediaContext) => {
  const { db, clock, arrivals, config, serverName } = context;
  const { quota, openDownloads } = config;
  const { checkClaims, receive } = createUploadReceiver(context);

  return {
    /**
     * Stores the content and returns its URI. Throws M_TOO_LARGE (413), M_USER_LIMIT_EXCEEDED (403), M_LIMIT_EXCEEDED,
     * M_FORBIDDEN for content in quarantine, 507 on a full disk.
     */
    upload: (user: number, upload: Upload): Promise<string> =>
      receive(
        user,
        upload,
        () => checkClaims(user, upload),
        async (content) => {
          const uri: MxcUri = { server: serverName, mediaId: newMediaId() };
          const now = clock.now();
          await db.write(addMedia, { ...uri, content, uploader: user, isOpen: openDownloads, quota, now });
          return mxcUri(uri);
        },
      ),

    /** POST /_matrix/media/v1/create. Throws M_LIMIT_EXCEEDED beyond the number of pending uploads. */
    async create(user: number): Promise<{ contentUri: string; expiresTs: number }> {
      const now = clock.now();
      const uri: MxcUri = { server: serverName, mediaId: newMediaId() };
      const expiresTs = now + PENDING_LIFETIME_MS;
      const pendingMax = PENDING_PER_USER_MAX;
      await db.write(createPendingMedia, { ...uri, uploader: user, isOpen: openDownloads, expiresTs, pendingMax, now });
      return { contentUri: mxcUri(uri), expiresTs };
    },

    /** As `upload`, to a created URI; throws also M_NOT_FOUND, M_FORBIDDEN (another's) and M_CANNOT_OVERWRITE_MEDIA. */
    uploadTo: (user: number, uri: MxcUri, upload: Upload): Promise<void> =>
      receive(
        user,
        upload,
        async () => {
          await db.read((tx) => uploadTarget(tx, uri, user, clock.now()));
          await checkClaims(user, upload);
        },
        async (content) => {
          await db.write(fillPendingMedia, { ...uri, content, uploader: user, quota, now: clock.now() });
          arrivals.tell(uri.mediaId);
        },
      ),
  };
};
