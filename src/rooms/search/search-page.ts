// One page of what a search finds, in the order that was asked for, and how it is grouped.

import { searchedText } from '../../protocol/events/searched-text.ts';
import type { StoredEvent } from '../../storage/stores/events.ts';
import { END_OF_TIME } from '../read/room-access.ts';
import type { Look } from '../read/room-reader.ts';
import { findMatches, type SearchScope } from './find-matches.ts';
import { type SearchToken, searchToken } from './search-token.ts';

export interface Found {
  readonly event: StoredEvent;
  readonly rank: number;
}

export interface SearchPage {
  readonly scope: SearchScope;
  readonly order: 'recent' | 'rank';
  readonly limit: number;
  /** Where the page begins; undefined: at the beginning. */
  readonly token: SearchToken | undefined;
  readonly found: readonly Found[];
}

export type GroupKey = 'room_id' | 'sender';

export interface SearchGroup {
  readonly eventIds: readonly string[];
  readonly order: number;
  readonly nextBatch: string | undefined;
}

/** The most recent matches, of which the most relevant are chosen. */
const RANKED_MAX = 500;

export const findPage = async (look: Look, page: Omit<SearchPage, 'found'>): Promise<SearchPage> => {
  const { scope, order, limit, token } = page;
  const ranked = (event: StoredEvent): Found => ({ event, rank: rankOf(event, scope.words) });
  if (order === 'recent') {
    const events = await findMatches(look, scope, { upTo: token?.at ?? END_OF_TIME, limit });
    return { ...page, found: events.map(ranked) };
  }
  const events = await findMatches(look, scope, { upTo: END_OF_TIME, limit: RANKED_MAX });
  const best = events.map(ranked).sort((a, b) => b.rank - a.rank || b.event.position! - a.event.position!);
  const offset = token?.at ?? 0;
  return { ...page, found: best.slice(offset, offset + limit) };
};

/** How much of the text is what was looked for: each word counts as often as it stands there, long texts count less. */
const rankOf = (event: StoredEvent, words: readonly string[]): number => {
  const text = searchedText(event).normalize('NFKD').toLowerCase();
  const times = words.reduce((sum, word) => sum + (text.split(word).length - 1), 0);
  return Math.round((1e6 * Math.max(times, 1)) / Math.sqrt(text.length + 1)) / 1e6;
};

/** The token of the page after this one, of the same group; undefined when there is none. */
export const nextPage = (page: SearchPage): string | undefined => tokenAfter(page, page.found, page.token?.group);

/** `found`: those of the page that are in the group. */
const tokenAfter = (page: SearchPage, found: readonly Found[], group: SearchToken['group']): string | undefined => {
  const { order, token, limit } = page;
  if (page.found.length < limit) return undefined;
  const isSameGroup = token?.group?.key === group?.key;
  const before = isSameGroup ? (token?.at ?? 0) : 0;
  const at = order === 'recent' ? found.at(-1)!.event.position! - 1 : before + found.length;
  return searchToken({ order, at, group });
};

/** The groups of the page by room id or user id, in the order of their first results. */
export const groupsOf = (page: SearchPage, key: GroupKey): Map<string, SearchGroup> => {
  const { rooms } = page.scope;
  const idOf = ({ event }: Found): string => (key === 'sender' ? event.sender : rooms.get(event.room)!.roomId);
  const groups = new Map<string, SearchGroup>();
  for (const [id, found] of Map.groupBy(page.found, idOf)) {
    const { senderNid, room } = found[0]!.event;
    groups.set(id, {
      eventIds: found.map(({ event }) => event.eventId),
      order: groups.size + 1,
      nextBatch: tokenAfter(page, found, { key, nid: key === 'sender' ? senderNid : room }),
    });
  }
  return groups;
};
