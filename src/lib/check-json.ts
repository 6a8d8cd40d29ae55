// Compiles the JSON Schemas that json-schema.ts builds into functions that check a value.

/** The words of JSON Schema that are understood; any other is an error when the schema is compiled. */
export interface JsonSchema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

export interface JsonProblem {
  /** Names and indices from the outermost value on; empty: the value itself. */
  readonly path: readonly string[];
  /** Goes on where the path ends: "must be a string". */
  readonly message: string;
  /** The keys that an object lacks, when that is the problem. */
  readonly missing?: readonly string[];
}

/** undefined: the value is as the schema says. */
export type CheckJson = (value: unknown) => JsonProblem | undefined;

const annotations: ReadonlySet<string> = new Set(['description', 'default', 'secret', 'title', 'examples']);
const understood: ReadonlySet<string> = new Set([
  ...['type', 'const', 'enum', 'anyOf', 'items', 'properties', 'required', 'additionalProperties'],
  ...['minimum', 'maximum', 'minLength', 'maxLength', 'minItems', 'maxItems'],
]);

const problem = (message: string): JsonProblem => ({ path: [], message });

const within = (key: string, inner: JsonProblem | undefined): JsonProblem | undefined =>
  inner && { ...inner, path: [key, ...inner.path] };

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Code points, as JSON Schema counts them. */
const lengthOf = (text: string): number => {
  let length = 0;
  for (const _ of text) length += 1;
  return length;
};

/** Throws when the schema has words that are not understood: what is not checked must not look checked. */
export function compileSchema(schema: JsonSchema): CheckJson {
  const unknown = Object.keys(schema).find((word) => !understood.has(word) && !annotations.has(word));
  if (unknown !== undefined) throw new Error(`A schema uses ${unknown}, which checkJson does not know`);
  const checks: CheckJson[] = [];
  if (schema.type !== undefined) checks.push(typeCheck(schema.type, schema));
  if (schema.const !== undefined) checks.push(choiceCheck([schema.const]));
  if (schema.enum) checks.push(choiceCheck(schema.enum));
  if (schema.anyOf) checks.push(anyOfCheck(schema.anyOf));
  const [only] = checks;
  if (checks.length === 1 && only) return only;
  return (value) => {
    for (const check of checks) {
      const found = check(value);
      if (found) return found;
    }
    return undefined;
  };
}

function typeCheck(type: string, schema: JsonSchema): CheckJson {
  switch (type) {
    case 'null':
      return (value) => (value === null ? undefined : problem('must be null'));
    case 'boolean':
      return (value) => (typeof value === 'boolean' ? undefined : problem('must be true or false'));
    case 'integer':
      return numberCheck('must be an integer', Number.isInteger, schema);
    case 'number':
      return numberCheck('must be a number', Number.isFinite, schema);
    case 'string':
      return stringCheck(schema);
    case 'array':
      return arrayCheck(schema);
    case 'object':
      return objectCheck(schema);
    default:
      throw new Error(`A schema has the type ${type}, which checkJson does not know`);
  }
}

const choiceCheck =
  (choices: readonly unknown[]): CheckJson =>
  (value) =>
    choices.includes(value)
      ? undefined
      : problem(`must be ${choices.map((each) => JSON.stringify(each)).join(' or ')}`);

function anyOfCheck(schemas: readonly JsonSchema[]): CheckJson {
  const checks = schemas.map(compileSchema);
  return (value) => {
    let last: JsonProblem | undefined;
    for (const check of checks) {
      const found = check(value);
      if (!found) return undefined;
      if (!last || found.path.length >= last.path.length) last = found;
    }
    return last ?? problem('cannot be right');
  };
}

function numberCheck(message: string, isKind: (value: unknown) => boolean, schema: JsonSchema): CheckJson {
  const { minimum = -Infinity, maximum = Infinity } = schema;
  return (value) => {
    if (!isKind(value)) return problem(message);
    if ((value as number) < minimum) return problem(`must be at least ${minimum}`);
    return (value as number) > maximum ? problem(`must be at most ${maximum}`) : undefined;
  };
}

function stringCheck({ minLength = 0, maxLength = Infinity }: JsonSchema): CheckJson {
  const isBounded = minLength > 0 || maxLength < Infinity;
  return (value) => {
    if (typeof value !== 'string') return problem('must be a string');
    if (!isBounded) return undefined;
    const length = lengthOf(value);
    if (length < minLength) return problem(`must have at least ${minLength} characters`);
    return length > maxLength ? problem(`must have at most ${maxLength} characters`) : undefined;
  };
}

function arrayCheck({ items, minItems = 0, maxItems = Infinity }: JsonSchema): CheckJson {
  const check = items && compileSchema(items);
  return (value) => {
    if (!Array.isArray(value)) return problem('must be a list');
    if (value.length < minItems) return problem(`must have at least ${minItems} entries`);
    if (value.length > maxItems) return problem(`must have at most ${maxItems} entries`);
    if (!check) return undefined;
    for (let index = 0; index < value.length; index++) {
      const found = check(value[index]);
      if (found) return within(String(index), found);
    }
    return undefined;
  };
}

const restCheck = (additional: JsonSchema['additionalProperties']): CheckJson | undefined => {
  if (additional === undefined || additional === true) return undefined;
  return additional === false ? () => problem('is not known') : compileSchema(additional);
};

function objectCheck({ properties = {}, required = [], additionalProperties }: JsonSchema): CheckJson {
  const known = new Map(Object.entries(properties).map(([key, schema]) => [key, compileSchema(schema)]));
  const rest = restCheck(additionalProperties);
  return (value) => {
    if (!isObject(value)) return problem('must be an object');
    const missing = required.filter((key) => !Object.hasOwn(value, key));
    if (missing.length > 0) return { path: [], message: `must have ${missing.join(', ')}`, missing };
    for (const key of Object.keys(value)) {
      const check = known.get(key) ?? rest;
      const found = check?.(value[key]);
      if (found) return within(key, found);
    }
    return undefined;
  };
}
