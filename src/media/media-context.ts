// What the files of the media part share.

import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { ServerName } from '../protocol/ids/branded.ts';
import type { Database } from '../storage/database.ts';
import type { UploadQuota } from '../storage/stores/media-quotas.ts';
import type { Arrivals } from './arrivals.ts';
import type { FileStore } from './file-store.ts';

export interface MediaConfig {
  readonly maxUploadSizeBytes: number;
  readonly quota: UploadQuota;
  /** What is uploaded now is also served without an access token. */
  readonly openDownloads: boolean;
  /** Other servers' files beyond this total are deleted, least used first. 0: no limit. */
  readonly remoteCacheSizeBytesMax: number;
  readonly urlPreviews: boolean;
}

export interface MediaContext {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly serverName: ServerName;
  readonly config: MediaConfig;
  readonly files: FileStore;
  readonly arrivals: Arrivals;
}
