// Searches messages, names and topics in the rooms a user is or was in. Client-Server API, POST /search, room_events.

import { invalidParam } from '../../protocol/errors/matrix-error.ts';
import type { RoomEventFilter } from '../../protocol/filters/event-filter.ts';
import type { ReadTx } from '../../storage/database.ts';
import type { StoredEvent } from '../../storage/stores/events.ts';
import { renderEvents } from '../read/render-events.ts';
import { END_OF_TIME, findRoomAccess } from '../read/room-access.ts';
import type { Reading, Viewer } from '../read/room-reader.ts';
import { stateEvents } from '../read/state-events.ts';
import { countMatches, findMatches, type SearchScope, searchableRooms } from './find-matches.ts';
import { type ContextQuestion, contextOf, type ResultContext } from './result-context.ts';
import { parseSearchToken, type SearchToken, searchToken } from './search-token.ts';
import { type SearchKey, searchedText, wordsOfText } from './search-tokens.ts';

export type GroupKey = 'room_id' | 'sender';

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

export interface SearchGroup {
  readonly eventIds: readonly string[];
  readonly order: number;
  readonly nextBatch: string | undefined;
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

interface Found {
  readonly event: StoredEvent;
  readonly rank: number;
}

/** The most recent matches, of which the most relevant are chosen. */
const RANKED_MAX = 500;

/** Throws M_INVALID_PARAM for a token that is none. */
export const searchEvents = async (
  reading: Reading,
  tx: ReadTx,
  question: SearchQuestion,
  viewer: Viewer,
): Promise<SearchAnswer> => {
  const token = question.nextBatch === undefined ? undefined : parseSearchToken(question.nextBatch);
  if (token && token.order !== question.order) throw invalidParam('order_by must stay as it was.');
  const scope: SearchScope = {
    words: wordsOfText(question.term),
    keys: question.keys,
    filter: question.filter,
    rooms: await searchableRooms(
      tx,
      question.filter,
      viewer,
      token?.group?.key === 'room_id' ? token.group.nid : undefined,
    ),
    sender: token?.group?.key === 'sender' ? token.group.nid : undefined,
  };
  const page = await findPage(reading, tx, scope, question, token, viewer);
  const results: SearchResult[] = [];
  for (const { event, rank } of page) {
    const room = scope.rooms.get(event.room)!;
    results.push({
      rank,
      event: (await renderEvents(reading, tx, room, [event], viewer))[0]!,
      context: question.context && (await contextOf(reading, tx, room, event, question.context, viewer)),
    });
  }
  const isFull = page.length === question.limit;
  return {
    count: await countMatches(tx, scope),
    highlights: scope.words,
    results,
    state: question.includeState ? await statesOf(reading, tx, scope, page, viewer) : undefined,
    groups: new Map(question.groupBy.map((key) => [key, groupsOf(key, scope, page, question, token, isFull)])),
    nextBatch: isFull ? searchToken(after(page, question, token)) : undefined,
  };
};

const findPage = async (
  reading: Reading,
  tx: ReadTx,
  scope: SearchScope,
  { order, limit }: SearchQuestion,
  token: SearchToken | undefined,
  viewer: Viewer,
): Promise<Found[]> => {
  const ranked = (event: StoredEvent): Found => ({ event, rank: rankOf(event, scope.words) });
  if (order === 'recent') {
    const events = await findMatches(reading, tx, scope, { upTo: token?.at ?? END_OF_TIME, limit }, viewer);
    return events.map(ranked);
  }
  const events = await findMatches(reading, tx, scope, { upTo: END_OF_TIME, limit: RANKED_MAX }, viewer);
  const offset = token?.at ?? 0;
  return events
    .map(ranked)
    .sort((a, b) => b.rank - a.rank || b.event.position! - a.event.position!)
    .slice(offset, offset + limit);
};

/** How much of the text is what was looked for: each word counts as often as it stands there, long texts count less. */
const rankOf = (event: StoredEvent, words: readonly string[]): number => {
  const text = searchedText(event).normalize('NFKD').toLowerCase();
  const times = words.reduce((sum, word) => sum + (text.split(word).length - 1), 0);
  return Math.round((1e6 * Math.max(times, 1)) / Math.sqrt(text.length + 1)) / 1e6;
};

/** Where the next page begins. */
const after = (page: readonly Found[], { order }: SearchQuestion, token: SearchToken | undefined): SearchToken => ({
  order,
  at: order === 'recent' ? page.at(-1)!.event.position! - 1 : (token?.at ?? 0) + page.length,
  group: token?.group,
});

const groupsOf = (
  key: GroupKey,
  scope: SearchScope,
  page: readonly Found[],
  { order }: SearchQuestion,
  token: SearchToken | undefined,
  isFull: boolean,
): Map<string, SearchGroup> => {
  const idOf = ({ event }: Found): string => (key === 'sender' ? event.sender : scope.rooms.get(event.room)!.roomId);
  const groups = new Map<string, SearchGroup>();
  for (const [id, some] of Map.groupBy(page, idOf)) {
    const last = some.at(-1)!.event;
    const at = order === 'recent' ? last.position! - 1 : (token?.group?.key === key ? token.at : 0) + some.length;
    const group = { key, nid: key === 'sender' ? last.senderNid : last.room };
    groups.set(id, {
      eventIds: some.map(({ event }) => event.eventId),
      order: groups.size + 1,
      nextBatch: isFull ? searchToken({ order, at, group }) : undefined,
    });
  }
  return groups;
};

/** "The current state for every room in the results"; that of when they left for rooms the user has left. */
const statesOf = async (
  reading: Reading,
  tx: ReadTx,
  { rooms }: SearchScope,
  page: readonly Found[],
  viewer: Viewer,
): Promise<Map<string, string[]>> => {
  const states = new Map<string, string[]>();
  for (const nid of new Set(page.map(({ event }) => event.room))) {
    const room = rooms.get(nid)!;
    const access = await findRoomAccess(reading, tx, room.roomId, viewer);
    const events = access ? await stateEvents(reading, tx, access.root) : [];
    states.set(room.roomId, await renderEvents(reading, tx, room, events, viewer, { brief: true }));
  }
  return states;
};
