// Takes an upload's content from its source to its place on disk, within the bounds of one user.

import type { Readable } from 'node:stream';
import { invalidParam, limitExceeded, MatrixError, tooLarge } from '../protocol/errors/matrix-error.ts';
import type { UploadedContent } from '../storage/stores/media.ts';
import { checkQuota } from '../storage/stores/media-quotas.ts';
import { claimedType } from './content-type.ts';
import type { MediaContext } from './media-context.ts';
import { CONCURRENT_UPLOADS_MAX, FILE_NAME_LENGTH_MAX, UPLOAD_TIME_MS_MAX } from './media-limits.ts';

export interface Upload {
  /** Read to its end, or destroyed. */
  readonly source: Readable;
  /** What Content-Length says, when it says something. */
  readonly sizeBytes?: number | undefined;
  readonly contentType: string | undefined;
  readonly fileName: string | undefined;
}

const tooSlow = (): MatrixError => new MatrixError(408, 'M_UNKNOWN', 'The upload did not end in time.');

const fileNameOf = ({ fileName }: Upload): string | null => {
  if (fileName === undefined || fileName === '') return null;
  if (fileName.length > FILE_NAME_LENGTH_MAX) {
    throw invalidParam(`File names may have ${FILE_NAME_LENGTH_MAX} characters at most.`);
  }
  return fileName;
};

export const createUploadReceiver = ({ db, clock, files, config }: MediaContext) => {
  const { maxUploadSizeBytes, quota } = config;
  const uploading = new Map<number, number>();

  /** Refuses what the headers tell already, before a byte is read. */
  const checkClaims = async (user: number, { sizeBytes = 0 }: Upload): Promise<void> => {
    if (sizeBytes > maxUploadSizeBytes) throw tooLarge(`Files may have ${maxUploadSizeBytes} bytes at most.`);
    await db.read((tx) => checkQuota(tx, { user, sizeBytes, quota, now: clock.now() }));
  };

  const inUploadSlot = async <T>(user: number, work: () => Promise<T>): Promise<T> => {
    const running = uploading.get(user) ?? 0;
    if (running >= CONCURRENT_UPLOADS_MAX) throw limitExceeded('Too many uploads at the same time.', 1000);
    uploading.set(user, running + 1);
    try {
      return await work();
    } finally {
      const left = (uploading.get(user) ?? 1) - 1;
      if (left > 0) uploading.set(user, left);
      else uploading.delete(user);
    }
  };

  /** `check` runs before a byte is read, `record` writes the row; when one of them throws, nothing is left. */
  const receive = async <T>(
    user: number,
    upload: Upload,
    check: () => Promise<void>,
    record: (content: UploadedContent) => Promise<T>,
  ): Promise<T> => {
    // Whatever is thrown before the source is read leaves it to fail unheard.
    upload.source.on('error', () => {});
    const timer = clock.after(UPLOAD_TIME_MS_MAX, () => upload.source.destroy(tooSlow()));
    try {
      return await inUploadSlot(user, async () => {
        const contentType = claimedType(upload.contentType);
        const fileName = fileNameOf(upload);
        await check();
        const received = await files.receive(upload.source, maxUploadSizeBytes);
        const { hash, sizeBytes } = received;
        return files.keep(received, () => record({ hash, sizeBytes, contentType, fileName }));
      });
    } finally {
      timer.cancel();
      upload.source.destroy();
    }
  };

  return { checkClaims, receive };
};
