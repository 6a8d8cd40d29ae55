// Fetches what a URL names, for previews: guarded against private addresses by the way out, bounded in time and size.

import type { Readable } from 'node:stream';
import type { Outbound, OutboundStream } from '../../http/outbound/outbound.ts';
import { OutboundError } from '../../http/outbound/outbound-error.ts';
import { forbidden, notFound } from '../../protocol/errors/matrix-error.ts';

const TIMEOUT_MS = 10_000;
const REDIRECTS_MAX = 5;

/** The part of the way out that is needed here. */
export type WayOut = Pick<Outbound, 'stream'>;

export interface Fetched {
  readonly contentType: string;
  /** After redirects. */
  readonly url: string;
  /** Must be read or destroyed. */
  readonly body: Readable;
}

/** What to tell the client, who is not to learn about our network; other errors stay what they are. */
export const previewError = (error: unknown): unknown => {
  if (!(error instanceof OutboundError)) return error;
  if (error.stage === 'refused') return forbidden('This URL is not previewed.', { cause: error });
  return notFound('The URL could not be fetched.', { cause: error });
};

/** Throws OutboundError, and M_NOT_FOUND when the answer is not 2xx. */
export async function fetchUrl(outbound: WayOut, url: string, accept: string, sizeBytesMax: number): Promise<Fetched> {
  const answer: OutboundStream = await outbound.stream({
    url,
    headers: { accept, 'user-agent': 'Kintsugi (link preview for Matrix)', 'accept-language': 'en, *;q=0.5' },
    responseSizeBytesMax: sizeBytesMax,
    timeoutMs: TIMEOUT_MS,
    redirectsMax: REDIRECTS_MAX,
  });
  const { status, headers, body } = answer;
  if (status < 200 || status > 299) {
    body.on('error', () => {}).destroy();
    throw notFound(`The URL answered with ${status}.`);
  }
  const type = headers['content-type'];
  return { contentType: (Array.isArray(type) ? type[0] : type) ?? '', url: answer.url, body };
}

/** The first `sizeBytesMax` bytes; the rest is not fetched. */
export async function readStart(body: Readable, sizeBytesMax: number): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of body as AsyncIterable<Buffer>) {
    pieces.push(piece);
    sizeBytes += piece.length;
    if (sizeBytes >= sizeBytesMax) break;
  }
  return Buffer.concat(pieces).subarray(0, sizeBytesMax);
}
