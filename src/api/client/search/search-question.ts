// The room_events category of POST /search, read from its wire form.

import { type Static, Type } from '../../../lib/json-schema.ts';
import { invalidParam } from '../../../protocol/errors/matrix-error.ts';
import type { Json } from '../../../protocol/events/json.ts';
import { type SearchKey, searchKeys } from '../../../protocol/events/searched-text.ts';
import { parseRoomEventFilter } from '../../../protocol/filters/event-filter.ts';
import type { SearchQuestion } from '../../../rooms/search/search-events.ts';

const LIMIT_DEFAULT = 10;
const LIMIT_MAX = 50;
const CONTEXT_DEFAULT = 5;
const CONTEXT_MAX = 50;
const TERM_LENGTH_MAX = 1000;

export const roomEventsSchema = Type.Object({
  search_term: Type.String(),
  keys: Type.Optional(Type.Array(Type.String())),
  filter: Type.Optional(Type.Object({})),
  order_by: Type.Optional(Type.Union([Type.Literal('recent'), Type.Literal('rank')])),
  event_context: Type.Optional(
    Type.Object({
      before_limit: Type.Optional(Type.Integer({ minimum: 0 })),
      after_limit: Type.Optional(Type.Integer({ minimum: 0 })),
      include_profile: Type.Optional(Type.Boolean()),
    }),
  ),
  include_state: Type.Optional(Type.Boolean()),
  groupings: Type.Optional(
    Type.Object({
      group_by: Type.Optional(
        Type.Array(Type.Object({ key: Type.Union([Type.Literal('room_id'), Type.Literal('sender')]) })),
      ),
    }),
  ),
});

const allKeys = Object.keys(searchKeys) as SearchKey[];

/** Throws M_INVALID_PARAM or M_BAD_JSON. */
export const searchQuestion = (
  wire: Static<typeof roomEventsSchema>,
  nextBatch: string | undefined,
): SearchQuestion => {
  const filter = parseRoomEventFilter(wire.filter as Json | undefined);
  if (filter.limit === 0) throw invalidParam('filter.limit must be greater than 0.');
  if (wire.search_term.length > TERM_LENGTH_MAX) throw invalidParam('search_term is too long.');
  const context = wire.event_context;
  return {
    term: wire.search_term,
    keys: [...new Set((wire.keys ?? allKeys).map(keyOf))],
    filter,
    limit: Math.min(filter.limit ?? LIMIT_DEFAULT, LIMIT_MAX),
    order: wire.order_by ?? 'rank',
    context: context && {
      before: Math.min(context.before_limit ?? CONTEXT_DEFAULT, CONTEXT_MAX),
      after: Math.min(context.after_limit ?? CONTEXT_DEFAULT, CONTEXT_MAX),
      includeProfile: context.include_profile ?? false,
    },
    includeState: wire.include_state ?? false,
    groupBy: [...new Set((wire.groupings?.group_by ?? []).map(({ key }) => key))],
    nextBatch: nextBatch === '' ? undefined : nextBatch,
  };
};

const keyOf = (key: string): SearchKey => {
  const known = allKeys.find((each) => each === key);
  if (known === undefined) throw invalidParam(`keys may be: ${allKeys.join(', ')}.`);
  return known;
};
