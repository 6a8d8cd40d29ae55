// A client's whole filter, as /sync uses it. Client-Server API, POST /user/{userId}/filter.

import type { Json } from '../events/json.ts';
import { type FieldTree, fieldTree } from './event-fields.ts';
import { type EventFilter, eventFilterOf, type RoomEventFilter, roomEventFilterOf } from './event-filter.ts';
import { booleanField, childObject, choiceField, filterObject, listField } from './filter-fields.ts';
import { includeExclude } from './include-exclude.ts';

export interface RoomFilter {
  /** "This filter is applied before the filters in ephemeral, state, timeline or account_data". */
  matchesRoom(roomId: string): boolean;
  /** The rooms named, for a query that can use them; undefined when absent. */
  readonly rooms: readonly string[] | undefined;
  readonly includeLeave: boolean;
  readonly timeline: RoomEventFilter;
  readonly state: RoomEventFilter;
  readonly ephemeral: RoomEventFilter;
  readonly accountData: RoomEventFilter;
}

export interface Filter {
  /** The fields to keep; undefined keeps all. */
  readonly eventFields: FieldTree | undefined;
  readonly eventFormat: 'client' | 'federation';
  readonly presence: EventFilter;
  readonly accountData: EventFilter;
  readonly room: RoomFilter;
}

/** Throws M_BAD_JSON where a value has the wrong type and M_INVALID_PARAM where it has the wrong value, naming the member. */
export function parseFilter(json: Json): Filter {
  const filter = filterObject(json, '');
  const room = childObject(filter, 'room');
  const rooms = listField(room, 'rooms', '!');
  const eventFields = listField(filter, 'event_fields');
  return {
    eventFields: eventFields && fieldTree(eventFields),
    eventFormat: choiceField(filter, 'event_format', ['client', 'federation']) ?? 'client',
    presence: eventFilterOf(childObject(filter, 'presence')),
    accountData: eventFilterOf(childObject(filter, 'account_data')),
    room: {
      matchesRoom: includeExclude(rooms, listField(room, 'not_rooms', '!')) ?? (() => true),
      rooms,
      includeLeave: booleanField(room, 'include_leave') ?? false,
      timeline: roomEventFilterOf(childObject(room, 'timeline')),
      state: roomEventFilterOf(childObject(room, 'state')),
      ephemeral: roomEventFilterOf(childObject(room, 'ephemeral')),
      accountData: roomEventFilterOf(childObject(room, 'account_data')),
    },
  };
}

/** What /sync uses when the client names no filter. */
export const noFilter: Filter = parseFilter({});
