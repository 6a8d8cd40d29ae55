// The specification's operations (docs/spec-data), found by the method and the concrete path of a real request.

import { readFileSync } from 'node:fs';

export type JsonSchema = { readonly [keyword: string]: unknown };

interface MediaType {
  readonly schema?: JsonSchema;
  readonly example?: unknown;
  readonly examples?: { readonly [name: string]: { readonly value: unknown } };
}

export interface Operation {
  readonly method: string;
  /** Path template, e.g. /_matrix/client/v3/rooms/{roomId}/join. */
  readonly path: string;
  readonly responses: {
    readonly [status: string]: { readonly content?: { readonly [mediaType: string]: MediaType } };
  };
}

interface OpenApi {
  readonly paths: { readonly [path: string]: { readonly [method: string]: Omit<Operation, 'method' | 'path'> } };
}

const documents = ['client-server', 'server-server', 'application-service', 'identity', 'push-gateway'];

const readDocument = (name: string): Operation[] => {
  const file = new URL(`../../docs/spec-data/${name}.json`, import.meta.url);
  const { paths } = JSON.parse(readFileSync(file, 'utf8')) as OpenApi;
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      responses: operation.responses,
    })),
  );
};

interface Pattern {
  readonly operation: Operation;
  readonly expression: RegExp;
  readonly parameterCount: number;
}

const patternOf = (operation: Operation): Pattern => {
  const segments = operation.path.split('/').slice(1);
  const expression = segments.map((segment) => (segment.startsWith('{') ? '/[^/]+' : `/${RegExp.escape(segment)}`));
  // "When an empty string, the trailing slash on this endpoint is optional": only the state endpoints say so.
  if (segments.at(-1) === '{stateKey}') expression.splice(-1, 1, '(?:/[^/]*)?');
  return {
    operation,
    expression: new RegExp(`^${expression.join('')}/?$`),
    parameterCount: operation.path.split('{').length,
  };
};

let patterns: readonly Pattern[] | undefined;

/** Every operation of the five APIs; the more literal of two matching templates stands first. */
const allPatterns = (): readonly Pattern[] => {
  patterns ??= documents
    .flatMap(readDocument)
    .map(patternOf)
    .sort((a, b) => a.parameterCount - b.parameterCount);
  return patterns;
};

export const allOperations = (): readonly Operation[] => allPatterns().map(({ operation }) => operation);

/** The operation behind a request; `path` may carry a query string. Older r0 paths count as v3. */
export const findOperation = (method: string, path: string): Operation | undefined => {
  const bare = path.replace(/[?#].*$/s, '').replace(/^(\/_matrix\/(?:client|media))\/r0\//, '$1/v3/');
  return allPatterns().find(({ operation, expression }) => operation.method === method && expression.test(bare))
    ?.operation;
};
