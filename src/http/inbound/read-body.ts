// Takes a request's body from the socket: bounded in size, and in time so that a trickling client holds nothing.

import type { IncomingMessage } from 'node:http';
import { type Readable, Transform } from 'node:stream';
import type { Clock } from '../../lib/clock.ts';
import { MatrixError, tooLarge, unknownError } from '../../protocol/errors/matrix-error.ts';

export interface BodyLimits {
  readonly sizeBytesMax: number;
  /** For the whole body. */
  readonly timeoutMs: number;
  /** Between two pieces of it. */
  readonly idleTimeoutMs: number;
}

const noBytes = Buffer.alloc(0);

const tooLargeFor = (sizeBytesMax: number): MatrixError => tooLarge(`The body is larger than ${sizeBytesMax} bytes.`);
const tooSlow = (): MatrixError =>
  new MatrixError(408, 'M_UNKNOWN', 'The body did not arrive in time.', { headers: { Connection: 'close' } });

export const hasBody = (request: IncomingMessage): boolean =>
  request.headers['transfer-encoding'] !== undefined || (request.headers['content-length'] ?? '0') !== '0';

function checkHeaders(request: IncomingMessage, sizeBytesMax: number): void {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw new MatrixError(415, 'M_UNKNOWN', 'Compressed request bodies are not supported.');
  }
  if (Number(request.headers['content-length'] ?? 0) > sizeBytesMax) throw tooLargeFor(sizeBytesMax);
}

/** The whole body. Throws M_TOO_LARGE (413), 408 when too slow, and an error when the client goes away. */
export async function readBody(request: IncomingMessage, limits: BodyLimits, clock: Clock): Promise<Buffer> {
  if (!hasBody(request)) return noBytes;
  checkHeaders(request, limits.sizeBytesMax);
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  const timer = clock.after(limits.timeoutMs, () => reject(tooSlow()));
  request.on('data', (chunk: Buffer) => {
    sizeBytes += chunk.length;
    if (sizeBytes > limits.sizeBytesMax) {
      chunks.length = 0;
      reject(tooLargeFor(limits.sizeBytesMax));
    } else chunks.push(chunk);
  });
  request.once('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
  request.once('error', reject);
  request.once('close', () => {
    // After a whole body everybody has what they need: an error with its stack costs more than reading one.
    if (!request.complete) reject(unknownError('The client went away.'));
  });
  try {
    return await promise;
  } finally {
    timer.cancel();
  }
}

/** The body as a stream that fails beyond its limits. Whoever reads it sees M_TOO_LARGE or 408 as the stream's error. */
export function streamBody(request: IncomingMessage, limits: BodyLimits, clock: Clock): Readable {
  checkHeaders(request, limits.sizeBytesMax);
  let sizeBytes = 0;
  let timer = clock.after(limits.idleTimeoutMs, () => bounded.destroy(tooSlow()));
  const bounded = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      timer.cancel();
      sizeBytes += chunk.length;
      if (sizeBytes > limits.sizeBytesMax) {
        done(tooLargeFor(limits.sizeBytesMax));
        return;
      }
      timer = clock.after(limits.idleTimeoutMs, () => bounded.destroy(tooSlow()));
      done(null, chunk);
    },
    destroy(error, done) {
      timer.cancel();
      request.unpipe(bounded);
      done(error);
    },
  });
  request.once('error', (error) => bounded.destroy(error));
  request.once('close', () => {
    if (!request.complete) bounded.destroy(unknownError('The client went away.'));
  });
  return request.pipe(bounded);
}
