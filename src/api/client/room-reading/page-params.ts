// Parameters that pages of events share: how many, from where, which ones.

import { enumOf, optionalEnum, optionalInt } from '../../../http/inbound/params.ts';
import { invalidParam, notJson } from '../../../protocol/errors/matrix-error.ts';
import type { Json } from '../../../protocol/events/json.ts';
import { parseRoomEventFilter, type RoomEventFilter } from '../../../protocol/filters/event-filter.ts';

/** Events in one answer, whatever is asked for. */
export const EVENTS_MAX = 1000;

/** `dir`: backwards or forwards. */
export const directionParam = enumOf('b', 'f');
export const optionalDirection = optionalEnum('b', 'f');

const integer = optionalInt();

/** `limit`: more than EVENTS_MAX is EVENTS_MAX; undefined when absent. Throws M_INVALID_PARAM for less than `min`. */
export const limitParam =
  (min: number) =>
  (value: string | undefined, name: string): number | undefined => {
    const limit = integer(value, name);
    if (limit !== undefined && limit < min) throw invalidParam(`${name} must be at least ${min}.`);
    return limit === undefined ? undefined : Math.min(limit, EVENTS_MAX);
  };

/** `filter`: a JSON RoomEventFilter. Throws M_NOT_JSON, M_BAD_JSON or M_INVALID_PARAM. */
export const filterParam = (value: string | undefined, name: string): RoomEventFilter | undefined => {
  if (value === undefined || value === '') return undefined;
  let json: Json;
  try {
    json = JSON.parse(value) as Json;
  } catch {
    throw notJson(`${name} is not JSON.`);
  }
  return parseRoomEventFilter(json);
};
