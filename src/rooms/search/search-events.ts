// Searches messages, names and topics in the rooms a user is or was in. Client-Server API, POST /search, room_events.

import { invalidParam } from '../../protocol/errors/matrix-error.ts';
import type { SearchKey } from '../../protocol/events/searched-text.ts';
import type { RoomEventFilter } from '../../protocol/filters/event-filter.ts';
import { wordsOfText } from '../../storage/search-tokens.ts';
import { renderEvents } from '../read/render-events.ts';
import { findRoomAccess } from '../read/room-access.ts';
import type { Look } from '../read/room-reader.ts';
import { stateEvents } from '../read/state-events.ts';
import { countMatches, type SearchScope, searchableRooms } from './find-matches.ts';
import { type ContextQuestion, contextOf, type ResultContext } from './result-context.ts';
import { findPage, type GroupKey, groupsOf, nextPage, type SearchGroup, type SearchPage } from './search-page.ts';
import { parseSearchToken, type SearchToken } from './search-token.ts';

export interface SearchQuestion {
  readonly term: string;
  readonly keys: readonly SearchKey[];
  readonly filter: RoomEventFilter;
  readonly limit: number;
  readonly order: 'recent' | 'rank';
  readonly context: ContextQuestion | undefined;
  readonly includeState: boolean;
  readonly groupBy: readonly GroupKey[];
  readonly nextBatch: string | undefined;
}

export interface SearchResult {
  readonly rank: number;
  /** JSON text. */
  readonly event: string;
  readonly context: ResultContext | undefined;
}

export interface SearchAnswer {
  readonly count: number;
  readonly highlights: readonly string[];
  readonly results: readonly SearchResult[];
  /** JSON texts by room id; undefined unless asked for. */
  readonly state: ReadonlyMap<string, readonly string[]> | undefined;
  readonly groups: ReadonlyMap<GroupKey, ReadonlyMap<string, SearchGroup>>;
  readonly nextBatch: string | undefined;
}

/** Throws M_INVALID_PARAM for a token that is none. */
export const searchEvents = async (look: Look, question: SearchQuestion): Promise<SearchAnswer> => {
  const { order, limit } = question;
  const token = question.nextBatch === undefined ? undefined : parseSearchToken(question.nextBatch);
  if (token && token.order !== order) throw invalidParam('order_by must stay as it was.');
  const scope = await scopeOf(look, question, token);
  const page = await findPage(look, { scope, order, limit, token });
  return {
    count: await countMatches(look.tx, scope),
    highlights: scope.words,
    results: await resultsOf(look, page, question),
    state: question.includeState ? await statesOf(look, page) : undefined,
    groups: new Map(question.groupBy.map((key) => [key, groupsOf(page, key)])),
    nextBatch: nextPage(page),
  };
};

const scopeOf = async (
  look: Look,
  { term, keys, filter }: SearchQuestion,
  token: SearchToken | undefined,
): Promise<SearchScope> => {
  const group = token?.group;
  return {
    words: wordsOfText(term),
    keys,
    filter,
    rooms: await searchableRooms(look, filter, group?.key === 'room_id' ? group.nid : undefined),
    sender: group?.key === 'sender' ? group.nid : undefined,
  };
};

const resultsOf = async (look: Look, page: SearchPage, question: SearchQuestion): Promise<SearchResult[]> => {
  const results: SearchResult[] = [];
  for (const { event, rank } of page.found) {
    const room = page.scope.rooms.get(event.room)!;
    results.push({
      rank,
      event: (await renderEvents(look, room, [event]))[0]!,
      context: question.context && (await contextOf(look, room, event, question.context)),
    });
  }
  return results;
};

/** "The current state for every room in the results"; that of when they left for rooms the user has left. */
const statesOf = async (look: Look, { scope, found }: SearchPage): Promise<Map<string, string[]>> => {
  const states = new Map<string, string[]>();
  for (const nid of new Set(found.map(({ event }) => event.room))) {
    const room = scope.rooms.get(nid)!;
    const access = await findRoomAccess(look, room.roomId);
    const events = access ? await stateEvents(look.reading, look.tx, access.root) : [];
    states.set(room.roomId, await renderEvents(look, room, events, { brief: true }));
  }
  return states;
};
