// Asks another server for a file of its users. Server-Server API, "Content Repository".

import type { Readable } from 'node:stream';
import type { OutboundHeaders, OutboundStream } from '../../http/outbound/outbound.ts';
import type { Peers } from '../../peers/peers.ts';
import type { MxcUri } from '../../protocol/ids/mxc-uri.ts';
import { claimedType } from '../content-type.ts';
import { FILE_NAME_LENGTH_MAX } from '../media-limits.ts';
import { fetchUrl, type WayOut } from '../previews/fetch-url.ts';
import { readMultipart } from './read-multipart.ts';

export interface RemoteDeps {
  readonly peers: Pick<Peers, 'stream'>;
  readonly outbound: WayOut;
}

export interface RemoteFile {
  readonly contentType: string;
  readonly fileName: string | null;
  /** Must be read or destroyed. */
  readonly content: Readable;
}

/** From discovery to the last byte. */
const TIMEOUT_MS = 120_000;
/** Around the content. */
const ENVELOPE_SIZE_BYTES_MAX = 128 * 1024;

/** Throws PeerError, OutboundError, M_NOT_FOUND, and Error for an answer that is none. */
export const fetchRemote = async (deps: RemoteDeps, uri: MxcUri, sizeBytesMax: number): Promise<RemoteFile> => {
  const answer = await askNewly(deps, uri, sizeBytesMax);
  if (!answer) return askAsBefore(deps, uri, sizeBytesMax);
  const { headers, content } = await readMultipart(textOf(answer.headers['content-type']), answer.body);
  const location = headers.get('location');
  if (location === undefined) return { ...described((name) => headers.get(name) ?? ''), content };
  content.on('error', () => {}).destroy();
  // "The `Location` header … MUST be … an absolute URL": elsewhere, without our signature.
  const fetched = await fetchUrl(deps.outbound, location, '*/*', sizeBytesMax);
  const type = headers.get('content-type') ?? fetched.contentType;
  return {
    ...described((name) => (name === 'content-type' ? type : (headers.get(name) ?? ''))),
    content: fetched.body,
  };
};

/** undefined: the server is older than the endpoint. */
const askNewly = async (
  { peers }: RemoteDeps,
  { server, mediaId }: MxcUri,
  sizeBytesMax: number,
): Promise<OutboundStream | undefined> => {
  try {
    return await peers.stream({
      destination: server,
      method: 'GET',
      path: `/_matrix/federation/v1/media/download/${encodeURIComponent(mediaId)}`,
      timeoutMs: TIMEOUT_MS,
      responseSizeBytesMax: sizeBytesMax + ENVELOPE_SIZE_BYTES_MAX,
    });
  } catch (error) {
    const { errcode, status } = error as { errcode?: string; status?: number };
    if (errcode === 'M_UNRECOGNIZED' || (status === 404 && errcode === undefined)) return undefined;
    throw error;
  }
};

/** Before Matrix 1.11: the endpoint that clients used. */
const askAsBefore = async (
  { peers }: RemoteDeps,
  { server, mediaId }: MxcUri,
  sizeBytesMax: number,
): Promise<RemoteFile> => {
  const answer = await peers.stream({
    destination: server,
    method: 'GET',
    path: `/_matrix/media/v3/download/${server}/${encodeURIComponent(mediaId)}`,
    query: { allow_remote: false },
    timeoutMs: TIMEOUT_MS,
    responseSizeBytesMax: sizeBytesMax,
  });
  return { ...described((name) => textOf(answer.headers[name])), content: answer.body };
};

const textOf = (header: OutboundHeaders[string]): string => (Array.isArray(header) ? header[0] : header) ?? '';

const described = (header: (name: string) => string): Omit<RemoteFile, 'content'> => ({
  contentType: claimedType(header('content-type')),
  fileName: fileNameIn(header('content-disposition')),
});

/** RFC 6266; the form of RFC 8187 goes before the plain one. */
export const fileNameIn = (disposition: string): string | null => {
  const encoded = /;\s*filename\*\s*=\s*utf-8''([^\s;]+)/i.exec(disposition)?.[1];
  const quoted = /;\s*filename\s*=\s*"((?:[^"\\]|\\.)*)"/i.exec(disposition)?.[1];
  const plain = /;\s*filename\s*=\s*([^\s;"]+)/i.exec(disposition)?.[1];
  const name = decoded(encoded) ?? quoted?.replace(/\\(.)/g, '$1') ?? plain;
  return name === undefined || name === '' ? null : name.slice(0, FILE_NAME_LENGTH_MAX);
};

const decoded = (text: string | undefined): string | undefined => {
  try {
    return text && decodeURIComponent(text);
  } catch {
    return undefined;
  }
};
