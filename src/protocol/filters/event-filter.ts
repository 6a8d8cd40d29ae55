// EventFilter and RoomEventFilter: read once, then predicates over events. Client-Server API, "Filtering".

import { invalidParam } from '../errors/matrix-error.ts';
import type { Json, JsonObject } from '../events/json.ts';
import { booleanField, type FilterObject, filterObject, limitField, listField, nameOf } from './filter-fields.ts';
import { includeExclude, includeExcludeTypes, type StringTest, TYPE_PATTERNS_MAX } from './include-exclude.ts';

/** What a filter looks at; account data and most ephemeral events have no sender. */
export interface FilteredEvent {
  readonly type: string;
  readonly sender?: string | undefined;
  readonly content?: JsonObject;
}

export interface EventFilter {
  /** 0 to FILTER_LIMIT_MAX; undefined when the client left it to the server. */
  readonly limit: number | undefined;
  /** True: `matches` says yes to every event and need not be asked. */
  readonly matchesAll: boolean;
  matches(event: FilteredEvent): boolean;
  /** The lists as given, for a query that can use them; undefined when absent. `types` may hold wildcards. */
  readonly lists: {
    readonly types: readonly string[] | undefined;
    readonly notTypes: readonly string[] | undefined;
    readonly senders: readonly string[] | undefined;
    readonly notSenders: readonly string[] | undefined;
  };
}

export interface RoomEventFilter extends EventFilter {
  /** Whether events of the room may pass; `matches` does not ask this again. */
  matchesRoom(roomId: string): boolean;
  readonly rooms: readonly string[] | undefined;
  readonly containsUrl: boolean | undefined;
  readonly lazyLoadMembers: boolean;
  readonly includeRedundantMembers: boolean;
  readonly unreadThreadNotifications: boolean;
  /** Only events with a relation to them from one of these senders, or of one of these types (MSC3440). */
  readonly relatedBySenders: readonly string[] | undefined;
  readonly relatedByRelTypes: readonly string[] | undefined;
}

const always = (): boolean => true;

function typeList(object: FilterObject, key: string): readonly string[] | undefined {
  const list = listField(object, key);
  const patterns = list?.filter((type) => type.includes('*')).length ?? 0;
  if (patterns > TYPE_PATTERNS_MAX) {
    throw invalidParam(`${nameOf(object, key)} has more than ${TYPE_PATTERNS_MAX} wildcards`);
  }
  return list;
}

function predicate(
  types: StringTest | undefined,
  senders: StringTest | undefined,
  containsUrl: boolean | undefined,
): (event: FilteredEvent) => boolean {
  if (types === undefined && senders === undefined && containsUrl === undefined) return always;
  return ({ type, sender, content }) =>
    (types === undefined || types(type)) &&
    (senders === undefined || senders(sender ?? '')) &&
    (containsUrl === undefined || containsUrl === (content !== undefined && Object.hasOwn(content, 'url')));
}

function build(object: FilterObject, containsUrl: boolean | undefined): EventFilter {
  const lists = {
    types: typeList(object, 'types'),
    notTypes: typeList(object, 'not_types'),
    senders: listField(object, 'senders', '@'),
    notSenders: listField(object, 'not_senders', '@'),
  };
  const matches = predicate(
    includeExcludeTypes(lists.types, lists.notTypes),
    includeExclude(lists.senders, lists.notSenders),
    containsUrl,
  );
  return { limit: limitField(object), matchesAll: matches === always, matches, lists };
}

export const eventFilterOf = (object: FilterObject): EventFilter => build(object, undefined);

export function roomEventFilterOf(object: FilterObject): RoomEventFilter {
  const containsUrl = booleanField(object, 'contains_url');
  const rooms = listField(object, 'rooms', '!');
  return {
    ...build(object, containsUrl),
    matchesRoom: includeExclude(rooms, listField(object, 'not_rooms', '!')) ?? always,
    rooms,
    containsUrl,
    lazyLoadMembers: booleanField(object, 'lazy_load_members') ?? false,
    includeRedundantMembers: booleanField(object, 'include_redundant_members') ?? false,
    unreadThreadNotifications: booleanField(object, 'unread_thread_notifications') ?? false,
    relatedBySenders: listField(object, 'related_by_senders', '@'),
    relatedByRelTypes: listField(object, 'related_by_rel_types'),
  };
}

/** The filter of /messages, /context and /search; undefined is a filter that lets all pass. Throws M_BAD_JSON or M_INVALID_PARAM. */
export const parseRoomEventFilter = (json: Json | undefined): RoomEventFilter =>
  roomEventFilterOf(filterObject(json, ''));
