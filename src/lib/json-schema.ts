// Builds the JSON Schemas of bodies and configuration, with TypeBox's static types but without loading TypeBox: its
// hundreds of modules would be a third of the time in which the server starts.

import type {
  TAny,
  TArray,
  TArrayOptions,
  TBoolean,
  TInteger,
  TLiteral,
  TNull,
  TNumber,
  TNumberOptions,
  TObject,
  TObjectOptions,
  TOptional,
  TProperties,
  TRecord,
  TSchema,
  TSchemaOptions,
  TString,
  TStringOptions,
  TUnion,
  TUnknown,
  TUnsafe,
} from 'typebox';

export type { Static, TProperties, TSchema } from 'typebox';

type LiteralValue = string | number | boolean;

const optional = Symbol('optional');

/** The schema is plain data; its static type is known to the compiler alone. */
const made = <T>(schema: object): T => schema as T;

const isOptional = (schema: object): boolean => optional in schema;

const Obj = <P extends TProperties>(properties: P, options: TObjectOptions = {}): TObject<P> => {
  const required = Object.keys(properties).filter((key) => !isOptional(properties[key]!));
  return made({ ...options, type: 'object', properties, ...(required.length > 0 && { required }) });
};

/** JSON Schema by its own words. A schema says what a value must be; `Optional` is for properties of an object. */
export const Type = {
  Any: (options: TSchemaOptions = {}) => made<TAny>(options),
  Unknown: (options: TSchemaOptions = {}) => made<TUnknown>(options),
  Null: (options: TSchemaOptions = {}) => made<TNull>({ ...options, type: 'null' }),
  Boolean: (options: TSchemaOptions = {}) => made<TBoolean>({ ...options, type: 'boolean' }),
  Integer: (options: TNumberOptions = {}) => made<TInteger>({ ...options, type: 'integer' }),
  Number: (options: TNumberOptions = {}) => made<TNumber>({ ...options, type: 'number' }),
  String: (options: TStringOptions = {}) => made<TString>({ ...options, type: 'string' }),
  Literal: <const V extends LiteralValue>(value: V) => made<TLiteral<V>>({ const: value }),
  Array: <T extends TSchema>(items: T, options: TArrayOptions = {}) =>
    made<TArray<T>>({ ...options, type: 'array', items }),
  Object: Obj,
  Record: <V extends TSchema>(_key: TString, value: V) =>
    made<TRecord<'^.*$', V>>({ type: 'object', additionalProperties: value }),
  Union: <T extends TSchema[]>(anyOf: [...T]) => made<TUnion<T>>({ anyOf }),
  Unsafe: <T>(schema: object) => made<TUnsafe<T>>(schema),
  Optional: <T extends TSchema>(schema: T) => made<TOptional<T>>({ ...schema, [optional]: true }),
};
