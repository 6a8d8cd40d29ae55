// Parsers of path and query parameters, for endpoints to name. Each throws M_INVALID_PARAM, or M_MISSING_PARAM for what
// must be there.

import { invalidParam, missingParam } from '../../protocol/errors/matrix-error.ts';
import type { EventId, RoomAlias, RoomId, ServerName, UserId } from '../../protocol/ids/branded.ts';
import { isEventId } from '../../protocol/ids/event-id.ts';
import { isRoomAlias } from '../../protocol/ids/room-alias.ts';
import { isRoomId } from '../../protocol/ids/room-id.ts';
import { isServerName } from '../../protocol/ids/server-name.ts';
import { isUserId } from '../../protocol/ids/user-id.ts';

type Text = string | undefined;

/** A text that must be there; for path and query. */
export function text(value: Text, name: string): string {
  if (value === undefined) throw missingParam(`Missing parameter: ${name}.`);
  return value;
}

export const optionalText = (value: Text): string | undefined => value;

/** Every value of a repeated query parameter, e.g. `via`; none is an empty list. At most 100 are kept. */
export const texts = (_value: Text, _name: string, all: readonly string[]): readonly string[] => all.slice(0, 100);

const checked =
  <T extends string>(is: (value: string) => value is T, what: string) =>
  (value: Text, name: string): T => {
    const given = text(value, name);
    if (!is(given)) throw invalidParam(`${name} is not ${what}.`);
    return given;
  };

const optional =
  <T>(parse: (value: Text, name: string) => T) =>
  (value: Text, name: string): T | undefined =>
    value === undefined ? undefined : parse(value, name);

export const roomIdParam: (value: Text, name: string) => RoomId = checked(isRoomId, 'a room ID');
export const userIdParam: (value: Text, name: string) => UserId = checked((id) => isUserId(id), 'a user ID');
export const eventIdParam: (value: Text, name: string) => EventId = checked(isEventId, 'an event ID');
export const aliasParam: (value: Text, name: string) => RoomAlias = checked(isRoomAlias, 'a room alias');
export const serverNameParam: (value: Text, name: string) => ServerName = checked(isServerName, 'a server name');

/** `via` and its kind: what is no server name is passed over. At most 100 are kept. */
export const serverNames = (_value: Text, _name: string, all: readonly string[]): readonly ServerName[] =>
  all.filter(isServerName).slice(0, 100);

export const optionalUserId = optional(userIdParam);
export const optionalServerName = optional(serverNameParam);

/** `/join/{roomIdOrAlias}` and its kind. */
export function roomIdOrAliasParam(value: Text, name: string): RoomId | RoomAlias {
  const given = text(value, name);
  if (isRoomId(given) || isRoomAlias(given)) return given;
  throw invalidParam(`${name} is neither a room ID nor a room alias.`);
}

export interface IntOptions {
  readonly min?: number;
  readonly max?: number;
  /** A value out of bounds is moved to the bound instead of refused: for limits and timeouts. */
  readonly clamp?: boolean;
}

function parseInteger(value: string, name: string, { min, max, clamp }: IntOptions): number {
  const number = /^[+-]?\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(number)) throw invalidParam(`${name} must be an integer.`);
  if (min !== undefined && number < min) {
    if (clamp) return min;
    throw invalidParam(`${name} must be at least ${min}.`);
  }
  if (max !== undefined && number > max) {
    if (clamp) return max;
    throw invalidParam(`${name} must be at most ${max}.`);
  }
  return number;
}

/** An integer that must be there. */
export const int =
  (options: IntOptions = {}) =>
  (value: Text, name: string): number =>
    parseInteger(text(value, name), name, options);

export function optionalInt(options: IntOptions & { readonly default: number }): (value: Text, name: string) => number;
export function optionalInt(options?: IntOptions): (value: Text, name: string) => number | undefined;
export function optionalInt(options: IntOptions & { readonly default?: number } = {}) {
  return (value: Text, name: string): number | undefined =>
    value === undefined || value === '' ? options.default : parseInteger(value, name, options);
}

/** `true` or `false`; absent is `fallback`. */
export const optionalBool =
  (fallback = false) =>
  (value: Text, name: string): boolean => {
    if (value === undefined || value === '') return fallback;
    if (value === 'true') return true;
    if (value === 'false') return false;
    throw invalidParam(`${name} must be true or false.`);
  };

function parseEnum<T extends string>(allowed: readonly T[], value: string, name: string): T {
  const found = allowed.find((each) => each === value);
  if (found === undefined) throw invalidParam(`${name} must be one of: ${allowed.join(', ')}.`);
  return found;
}

/** One of a list, which must be there. */
export const enumOf =
  <const T extends string>(...allowed: readonly T[]) =>
  (value: Text, name: string): T =>
    parseEnum(allowed, text(value, name), name);

export const optionalEnum =
  <const T extends string>(...allowed: readonly T[]) =>
  (value: Text, name: string): T | undefined =>
    value === undefined ? undefined : parseEnum(allowed, value, name);
