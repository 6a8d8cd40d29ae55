// Checks a real answer of the server against the response schema that the specification's OpenAPI documents give for it.

import Format from 'typebox/format';
import { Compile, type Validator } from 'typebox/schema';
import { findOperation, type JsonSchema, type Operation } from './spec-operations.ts';

// Formats of the specification that no JSON Schema library knows; string-formats.json says where each is defined.
const identifier = (sigil: string) => (text: string) =>
  text.startsWith(sigil) && text.length > 1 && Buffer.byteLength(text) <= 255;
Format.Set('mx-user-id', identifier('@'));
Format.Set('mx-room-alias', identifier('#'));
Format.Set('mx-room-id', identifier('!'));
Format.Set('mx-event-id', identifier('$'));
Format.Set('mx-server-name', (text) => /^(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z.-]+)(:\d{1,5})?$/.test(text));
Format.Set('mx-mxc-uri', (text) => /^mxc:\/\/[^/]+\/[A-Za-z0-9_-]+$/.test(text));
Format.Set('mx-unpadded-base64', (text) => /^[A-Za-z0-9+/]*$/.test(text));
Format.Set('mx-urlsafe-unpadded-base64', (text) => /^[A-Za-z0-9_-]*$/.test(text));

const standardError: JsonSchema = {
  type: 'object',
  properties: { errcode: { type: 'string', pattern: '^[A-Z0-9_.]+$' }, error: { type: 'string' } },
  required: ['errcode'],
};

const validators = new WeakMap<JsonSchema, Validator>();

const validatorOf = (schema: JsonSchema): Validator => {
  let validator = validators.get(schema);
  if (!validator) {
    validator = Compile(schema);
    validators.set(schema, validator);
  }
  return validator;
};

/** What breaks `schema` (JSON Schema draft 2020-12) in `value`: one "pointer: message" for each violation. */
export const violationsOf = (schema: JsonSchema, value: unknown): string[] => {
  const validator = validatorOf(schema);
  if (validator.Check(value)) return [];
  return validator.Errors(value)[1].map(({ instancePath, message, params }) => {
    const detail = 'requiredProperties' in params ? ` (${params.requiredProperties.join(', ')})` : '';
    return `${instancePath || '/'}: ${message}${detail}`;
  });
};

const responseOf = (operation: Operation, status: number) =>
  operation.responses[status] ?? operation.responses[`${String(status)[0]}XX`];

/**
 * Validates the answer to a request. `path` is the path as requested, with or without its query; `body` the parsed
 * JSON, or undefined where the answer is not JSON. Returns the violations, none when the answer is as specified.
 * A status of 4xx or 5xx that the operation does not list must still be a standard error response.
 */
export const checkAgainstSpec = (method: string, path: string, status: number, body: unknown): string[] => {
  const operation = findOperation(method.toUpperCase(), path);
  const request = `${method.toUpperCase()} ${operation?.path ?? path}`;
  if (!operation) return [`${request}: unknown endpoint`];
  const response = responseOf(operation, status);
  if (!response && status < 400) return [`${request}: status ${status} is not specified`];
  // A redirect or a file has no schema.
  if (response && !response.content) return [];
  const schema = response ? response.content?.['application/json']?.schema : standardError;
  if (!schema) return [];
  if (body === undefined) return [`${request} ${status}: the answer has no JSON body`];
  return violationsOf(schema, body).map((violation) => `${request} ${status} ${violation}`);
};
