// The answer in which other servers get a file: "multipart/mixed … delineating exactly two parts".

import { Readable } from 'node:stream';
import { Answer } from '../../../http/inbound/endpoint.ts';
import { randomToken } from '../../../lib/random.ts';

export interface MediaPart {
  readonly contentType: string;
  readonly contentDisposition: string;
  readonly sizeBytes: number;
  /** The content; destroyed when the answer is given up. */
  readonly body: Readable | Uint8Array;
}

export const multipart = ({ contentType, contentDisposition, sizeBytes, body }: MediaPart): Answer => {
  // A token in the words of RFC 2045: there are readers who take the quotes of a quoted one for a part of it.
  const boundary = randomToken();
  // "The first part … describes the media's metadata, if any. Currently, this will always be an empty object."
  const head = Buffer.from(
    `--${boundary}\r\nContent-Type: application/json\r\n\r\n{}\r\n--${boundary}\r\n` +
      `Content-Type: ${contentType}\r\nContent-Disposition: ${contentDisposition}\r\n\r\n`,
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  return new Answer(200, Readable.from(joined(head, body, tail), { objectMode: false }), {
    'Content-Type': `multipart/mixed; boundary=${boundary}`,
    'Content-Length': String(head.length + sizeBytes + tail.length),
  });
};

async function* joined(head: Uint8Array, body: MediaPart['body'], tail: Uint8Array): AsyncGenerator<Uint8Array> {
  yield head;
  if (body instanceof Uint8Array) yield body;
  else for await (const chunk of body) yield chunk as Uint8Array;
  yield tail;
}
