// A file as other servers send it: multipart/mixed with two parts, an object of metadata and the content, which is passed on as
// it comes. Server-Server API, GET /_matrix/federation/v1/media/download/{mediaId}; RFC 2046, 5.1.

import { Readable } from 'node:stream';

export interface MediaParts {
  /** The headers of the second part, names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** Fails when the end of the part is missing. Must be read or destroyed. */
  readonly content: Readable;
}

/** What stands before the content: two delimiters, headers and the metadata. */
const HEAD_SIZE_BYTES_MAX = 64 * 1024;
const BOUNDARY_LENGTH_MAX = 70;
const BLANK_LINE = Buffer.from('\r\n\r\n');

const boundaryIn = (contentType: string): string => {
  const match = /^multipart\/mixed\s*;(?:.*;)?\s*boundary=(?:"([^"]+)"|([^\s;"]+))/i.exec(contentType);
  const boundary = match?.[1] ?? match?.[2];
  if (boundary === undefined || boundary.length > BOUNDARY_LENGTH_MAX) {
    throw new Error('the answer is no multipart/mixed with a boundary');
  }
  return boundary;
};

/** Throws Error with what is wrong with the answer. The body is destroyed then. */
export const readMultipart = async (contentType: string, body: Readable): Promise<MediaParts> => {
  try {
    const delimiter = Buffer.from(`--${boundaryIn(contentType)}`);
    const pieces = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    const { headers, rest } = await readHead(pieces, delimiter);
    const content = Readable.from(contentOf(pieces, rest, Buffer.concat([Buffer.from('\r\n'), delimiter])));
    content.once('close', () => body.destroy());
    return { headers, content };
  } catch (error) {
    body.on('error', () => {}).destroy();
    throw error;
  }
};

interface Head {
  readonly headers: ReadonlyMap<string, string>;
  /** What was read of the content already. */
  readonly rest: Buffer;
}

const readHead = async (pieces: AsyncIterator<Buffer>, delimiter: Buffer): Promise<Head> => {
  let read = Buffer.alloc(0);
  for (;;) {
    const head = splitHead(read, delimiter);
    if (head) return head;
    if (read.length > HEAD_SIZE_BYTES_MAX) throw new Error('the answer has too much before its content');
    const { value, done } = await pieces.next();
    if (done) throw new Error('the answer ends before its content');
    read = Buffer.concat([read, value]);
  }
};

/** undefined: more has to be read. */
const splitHead = (read: Buffer, delimiter: Buffer): Head | undefined => {
  const first = read.indexOf(delimiter);
  const second = first < 0 ? -1 : read.indexOf(delimiter, first + delimiter.length);
  if (second < 0) return undefined;
  const headersFrom = second + delimiter.length;
  // A part without headers has its blank line right after the delimiter's own.
  const end = read.indexOf(BLANK_LINE, headersFrom);
  if (end < 0) return undefined;
  return { headers: parseHeaders(read.toString('latin1', headersFrom, end)), rest: read.subarray(end + 4) };
};

const parseHeaders = (text: string): Map<string, string> => {
  const headers = new Map<string, string>();
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return headers;
};

/** Everything up to the delimiter; the last bytes are held back, as it may be cut in two. */
async function* contentOf(pieces: AsyncIterator<Buffer>, first: Buffer, delimiter: Buffer): AsyncGenerator<Buffer> {
  let held = first;
  for (;;) {
    const end = held.indexOf(delimiter);
    if (end >= 0) {
      if (end > 0) yield held.subarray(0, end);
      return;
    }
    const sure = held.length - delimiter.length + 1;
    if (sure > 0) {
      yield held.subarray(0, sure);
      held = held.subarray(sure);
    }
    const { value, done } = await pieces.next();
    if (done) throw new Error('the content ends without its delimiter');
    held = Buffer.concat([held, value]);
  }
}
