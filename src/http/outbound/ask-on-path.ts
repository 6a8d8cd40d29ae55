// Asks the server that listens on a Unix socket of this machine.

import { request as httpRequest } from 'node:http';
import type { Json } from '../../protocol/events/json.ts';

export interface PathAnswer {
  readonly status: number;
  readonly body: Json;
}

export interface PathRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly body?: Json;
}

/** Nobody listens: there is no such file, or whoever made it has ended. */
const nobody = new Set(['ENOENT', 'ECONNREFUSED']);

/** undefined: nobody listens there. Rejects with the system's error, e.g. EACCES. */
export function askOnPath(path: string, { method, target, body }: PathRequest): Promise<PathAnswer | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<PathAnswer | undefined>();
  // The socket's file is the key; the edge wants a token all the same.
  const headers = { Authorization: 'Bearer operator', 'Content-Type': 'application/json' };
  const request = httpRequest({ socketPath: path, method, path: target, headers, agent: false }, (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.once('error', reject);
    response.once('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as Json });
    });
  });
  request.once('error', (error: NodeJS.ErrnoException) => {
    if (nobody.has(error.code ?? '')) resolve(undefined);
    else reject(error);
  });
  request.end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
}
