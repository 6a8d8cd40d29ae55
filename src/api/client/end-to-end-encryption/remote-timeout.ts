// The `timeout` of requests that may ask other servers, in milliseconds.

import { Type } from '../../../lib/json-schema.ts';

export const timeoutSchema = Type.Optional(Type.Integer());

const timeoutMsMax = 60_000;

/** "10 seconds is the recommended default." */
export const remoteTimeoutMs = (timeout: number | undefined): number =>
  Math.min(Math.max(timeout ?? 10_000, 0), timeoutMsMax);
