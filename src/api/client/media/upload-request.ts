// What the two upload endpoints read from a request.

import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { Upload } from '../../../media/receive-upload.ts';

/** The edge's own limit is for JSON; the media part bounds uploads by the configuration. */
export const uploadSizeBytesMax = Number.MAX_SAFE_INTEGER;

export const uploadOf = (source: Readable, headers: IncomingHttpHeaders, fileName: string | undefined): Upload => {
  const length = headers['content-length'];
  return {
    source,
    sizeBytes: length === undefined ? undefined : Number(length),
    contentType: headers['content-type'],
    fileName,
  };
};
