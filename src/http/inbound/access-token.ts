// Where a request carries its access token: `Authorization: Bearer`, or the older `?access_token=`.

import type { IncomingMessage } from 'node:http';
import type { QueryText } from './query-text.ts';

/** The header wins when both are there. undefined when neither is, or when the header has another scheme. */
export function accessToken(request: IncomingMessage, query: QueryText): string | undefined {
  const header = request.headers.authorization;
  if (header !== undefined) {
    const token = /^bearer +(\S+) *$/i.exec(header)?.[1];
    if (token !== undefined) return token;
  }
  return query.get('access_token') || undefined;
}

/** Every Authorization header: node:http keeps only the first, other servers send one for each of their keys. */
export function authorizationHeaders(request: IncomingMessage): string[] {
  const values: string[] = [];
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    if (request.rawHeaders[i]?.toLowerCase() === 'authorization') values.push(request.rawHeaders[i + 1] ?? '');
  }
  return values;
}
