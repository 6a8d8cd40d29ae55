// Matrix content URIs: mxc://<server-name>/<media-id>.
// Client-Server API, "Matrix Content (mxc://) URIs" and its security considerations.

import { invalidParam } from '../errors/matrix-error.ts';
import type { ServerName } from './branded.ts';
import { idSizeBytesMax } from './byte-limit.ts';
import { isServerName } from './server-name.ts';

export interface MxcUri {
  readonly server: ServerName;
  readonly mediaId: string;
}

/** "Only alphanumeric (A-Za-z0-9), _ and - characters in the media-id", against directory traversal. */
export const isMediaId = (text: string): boolean => text.length <= idSizeBytesMax && /^[A-Za-z0-9_-]+$/.test(text);

/** undefined: not a content URI. */
export const splitMxcUri = (text: string): MxcUri | undefined => {
  if (!text.startsWith('mxc://')) return undefined;
  const slash = text.indexOf('/', 6);
  if (slash === -1) return undefined;
  const server = text.slice(6, slash);
  const mediaId = text.slice(slash + 1);
  return isServerName(server) && isMediaId(mediaId) ? { server, mediaId } : undefined;
};

/** Throws M_INVALID_PARAM when `text` is not a content URI. */
export const parseMxcUri = (text: string): MxcUri => {
  const uri = splitMxcUri(text);
  if (uri === undefined) throw invalidParam('Not a content URI');
  return uri;
};

export const mxcUri = ({ server, mediaId }: MxcUri): string => `mxc://${server}/${mediaId}`;
