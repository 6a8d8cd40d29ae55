// Checks a JSON body against its endpoint's schema. The schema is compiled on first use: a server has hundreds of
// endpoints and most starts use few of them.

import { type CheckJson, compileSchema, type JsonProblem, type JsonSchema } from '../../lib/check-json.ts';
import { badJson, type MatrixError, missingParam } from '../../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../../protocol/events/json.ts';

export type CheckBody = (body: JsonObject) => JsonObject;

/** A missing top-level key is M_MISSING_PARAM ("A required parameter was missing"), everything else M_BAD_JSON. */
function errorOf({ path, message, missing }: JsonProblem): MatrixError {
  if (missing && path.length === 0) return missingParam(`Missing from the body: ${missing.join(', ')}.`);
  return badJson(`${path.length > 0 ? path.join('.') : 'The body'} ${message}.`);
}

/** Clients send null for "not given". Required keys keep it, and fail by its type. */
function withoutNulls(body: JsonObject, required: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(body).filter(([key, value]) => value !== null || required.includes(key)));
}

/** Returns the body to hand on: the same one, or a copy without the top-level nulls of optional keys. */
export function checkBodyBy(schema: JsonSchema): CheckBody {
  let check: CheckJson | undefined;
  const { required = [] } = schema;
  return (body) => {
    check ??= compileSchema(schema);
    if (!check(body)) return body;
    const cleaned = withoutNulls(body, required);
    const problem = check(cleaned);
    if (problem) throw errorOf(problem);
    return cleaned;
  };
}
