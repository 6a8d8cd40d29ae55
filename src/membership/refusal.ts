// What a room answers to something that is done in many rooms: others are not kept waiting for it.

import { MatrixError } from '../protocol/errors/matrix-error.ts';

/** The room refuses, or a server that it depends on does not answer (502); not: this server fails. */
export const isRefusal = (error: unknown): error is MatrixError =>
  error instanceof MatrixError && (error.status < 500 || error.status === 502);
