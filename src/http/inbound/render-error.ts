// The one place where an error becomes an answer.

import { MatrixError } from '../../protocol/errors/matrix-error.ts';
import type { Json } from '../../protocol/events/json.ts';

export interface RenderedError {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * A MatrixError becomes its standard body (Client-Server API, "Standard error response"). Anything else is our own
 * mistake: 500 M_UNKNOWN with the request id to look up in the log, and nothing about its cause.
 */
export function renderError(error: unknown, requestId: string): RenderedError {
  if (error instanceof MatrixError) {
    const { errcode, message, fields } = error;
    // The 401 that asks for interactive authentication has neither, until an attempt fails.
    const body: Record<string, Json> = errcode === '' ? fields : { errcode, error: message, ...fields };
    return { status: error.status, text: JSON.stringify(body), headers: error.headers };
  }
  const body = { errcode: 'M_UNKNOWN', error: `Internal server error (request ${requestId}).` };
  return { status: 500, text: JSON.stringify(body), headers: {} };
}
