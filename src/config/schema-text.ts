// Building blocks of the configuration schema: each key carries its description and default.

import { type TProperties, type TSchema, Type } from '../lib/json-schema.ts';

export interface KeyOptions {
  /** Shown as [secret] by `config print`; may also be given as `<key>File`. */
  readonly secret?: true;
}

/** An object of keys; unknown keys are refused. */
export const section = <P extends TProperties>(description: string, properties: P) =>
  Type.Object(properties, { description, additionalProperties: false });

export const textKey = (description: string, fallback: string, options: KeyOptions = {}) =>
  Type.String({ description, default: fallback, ...options });

/** A text that may be left out. */
export const optionalTextKey = (description: string, options: KeyOptions = {}) =>
  Type.Optional(Type.String({ description, minLength: 1, ...options }));

export const boolKey = (description: string, fallback: boolean) => Type.Boolean({ description, default: fallback });

export const intKey = (description: string, fallback: number, minimum = 0, maximum = Number.MAX_SAFE_INTEGER) =>
  Type.Integer({ description, default: fallback, minimum, maximum });

export const numberKey = (description: string, fallback: number, minimum = 0) =>
  Type.Number({ description, default: fallback, minimum });

export const listKey = <T extends TSchema>(description: string, items: T, fallback: unknown[] = []) =>
  Type.Array(items, { description, default: fallback });

export const choiceKey = <const T extends readonly string[]>(description: string, choices: T, fallback: T[number]) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: choices, description, default: fallback });
