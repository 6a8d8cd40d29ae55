// What the media part is told of the configuration.

import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import type { MediaConfig } from '../media/media-context.ts';

export interface MediaOptions {
  readonly directory: string;
  readonly config: MediaConfig;
}

export const mediaOptions = ({ media, dataDirectory, admin, publicBaseUrl, serverName }: Config): MediaOptions => ({
  directory: media.directory ?? join(dataDirectory, 'media'),
  config: {
    maxUploadSizeBytes: media.maxUploadSizeBytes,
    openDownloads: media.openDownloads,
    remoteCacheSizeBytesMax: media.remoteCacheSizeBytesMax,
    urlPreviews: media.urlPreviews,
    quota: {
      totalBytesMax: media.userQuotaBytes,
      dailyBytesMax: media.userDailyBytes,
      infoUri: admin.supportPage ?? publicBaseUrl ?? `https://${serverName}/`,
    },
  },
});
