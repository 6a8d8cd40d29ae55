// A body whose numbers must be kept as they were sent: events are signed.

import { parseJsonLossless } from '../../../protocol/canonical-json/parse-json.ts';
import { badJson } from '../../../protocol/errors/matrix-error.ts';
import { isJsonObject, type JsonObject } from '../../../protocol/events/json.ts';

/** Throws M_NOT_JSON, M_BAD_JSON. */
export const givenObject = (bodyText: string): JsonObject => {
  const value = parseJsonLossless(bodyText);
  if (!isJsonObject(value)) throw badJson('The body must be an object.');
  return value;
};
