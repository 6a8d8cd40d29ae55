// Bounds of the media part that no operator needs to choose.

/** "The recommended default expiration is 24 hours" for created content URIs that nothing was uploaded to. */
export const PENDING_LIFETIME_MS = 24 * 3_600_000;
/** Created content URIs without content that one user may have. */
export const PENDING_PER_USER_MAX = 20;
/** Uploads of one user at the same time. */
export const CONCURRENT_UPLOADS_MAX = 10;
/** An upload that takes longer is given up, however steadily it trickles. */
export const UPLOAD_TIME_MS_MAX = 3_600_000;
/** Names are kept byte for byte, so longer ones are refused. */
export const FILE_NAME_LENGTH_MAX = 500;
export const CONTENT_TYPE_LENGTH_MAX = 255;
/** "The content repository SHOULD impose a maximum value for this parameter" (timeout_ms). */
export const ARRIVAL_TIMEOUT_MS = 20_000;
export const ARRIVAL_TIMEOUT_MS_MAX = 60_000;

/** Larger sources get no thumbnails: M_TOO_LARGE. */
export const THUMBNAIL_SOURCE_BYTES_MAX = 64 * 1024 * 1024;
/** Width times height, times the frames of an animation. */
export const THUMBNAIL_SOURCE_PIXELS_MAX = 80_000_000;
export const THUMBNAIL_TIME_S_MAX = 15;
/** Each takes a thread of the pool that files and passwords need too. */
export const THUMBNAILS_RUNNING_MAX = 2;
export const THUMBNAILS_WAITING_MAX = 200;
/** Different thumbnails kept for one content; further ones are made anew for each request. */
export const THUMBNAILS_PER_FILE_MAX = 32;
