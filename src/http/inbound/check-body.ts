// Checks a JSON body against its endpoint's schema. The schema is compiled on first use: a server has hundreds of
// endpoints and most starts use few of them.

import type { TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { badJson, type MatrixError, missingParam } from '../../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../../protocol/events/json.ts';

export type CheckBody = (body: JsonObject) => JsonObject;

interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: object;
  readonly message: string;
}

/** A missing top-level key is M_MISSING_PARAM ("A required parameter was missing"), everything else M_BAD_JSON. */
function errorOf(errors: readonly SchemaError[]): MatrixError {
  const missing = errors.find(({ keyword, instancePath }) => keyword === 'required' && instancePath === '');
  if (missing && 'requiredProperties' in missing.params) {
    return missingParam(`Missing from the body: ${String(missing.params.requiredProperties)}.`);
  }
  const first = errors.find(({ keyword }) => keyword !== 'boolean') ?? errors[0];
  const where = first?.instancePath ? first.instancePath.slice(1).replaceAll('/', '.') : 'The body';
  return badJson(`${where} ${first?.message ?? 'is malformed'}.`);
}

/** Clients send null for "not given". Required keys keep it, and fail by its type. */
function withoutNulls(body: JsonObject, required: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(body).filter(([key, value]) => value !== null || required.includes(key)));
}

/** Returns the body to hand on: the same one, or a copy without the top-level nulls of optional keys. */
export function checkBodyBy(schema: TSchema): CheckBody {
  let validator: Validator | undefined;
  const required = 'required' in schema && Array.isArray(schema.required) ? (schema.required as string[]) : [];
  return (body) => {
    validator ??= Compile(schema);
    if (validator.Check(body)) return body;
    const cleaned = withoutNulls(body, required);
    if (validator.Check(cleaned)) return cleaned;
    throw errorOf(validator.Errors(cleaned) as SchemaError[]);
  };
}
