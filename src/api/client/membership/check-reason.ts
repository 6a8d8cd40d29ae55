// `reason` in bodies whose other keys go into the member event.

import { badJson } from '../../../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../../../protocol/events/json.ts';

/** The body without a null reason. Throws M_BAD_JSON for one that is no text. */
export const checkReason = (body: JsonObject): JsonObject => {
  const { reason, ...rest } = body;
  if (reason === undefined || reason === null) return rest;
  if (typeof reason !== 'string') throw badJson('reason must be a string.');
  return body;
};
