// The answer to a client that comes back with a token: what changed since.

import type { UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx } from '../../storage/database.ts';
import { type SyncToken, syncTokenText } from '../sync-token.ts';
import type { UserRoom } from '../user-rooms.ts';
import type { AnswerDeps } from './answer-deps.ts';
import { type AnswerHead, answerHead } from './answer-head.ts';
import { presenceTexts } from './presence-part.ts';
import type { Span, SyncRequest } from './request.ts';
import { hasTypingNews, newsAround, type RoomsNews, withReceipts } from './room-news.ts';
import { changedEntries, type EntryContext, roomEntryText, SECTIONS } from './rooms-part.ts';

export interface IncrementalAnswer {
  readonly text: string;
  /** Whether it says anything that a waiting client must hear. */
  readonly hasNews: boolean;
  readonly next: SyncToken;
}

export interface SinceRequest extends SyncRequest {
  readonly since: SyncToken;
}

export interface Moment {
  /** Stream position. */
  readonly now: number;
  /** Version of Ephemeral. */
  readonly ephemeral: number;
}

export const incrementalAnswer = async (
  deps: AnswerDeps,
  request: SinceRequest,
  { now, ephemeral }: Moment,
  rooms: readonly UserRoom[],
): Promise<IncrementalAnswer> => {
  const { viewer, since, filter } = request;
  const span = { since: since.position, now };
  const ignored = await deps.accounts.ignoredUsers(viewer.user);
  return deps.db.read(async (tx) => {
    const head = await answerHead(deps.e2ee, tx, request, span);
    const news = await newsAround(deps.ephemeral, tx, viewer.user, span, head.accountData, since.ephemeral);
    const part = await roomsPart(deps, tx, request, span, rooms, news, ignored);
    const wanted = {
      viewer: viewer.user,
      since: since.ephemeral,
      newRooms: part.newRooms,
      newUsers: head.changedUsers,
    };
    const presence = await presenceTexts(deps.ephemeral, tx, wanted, filter.presence);
    const next: SyncToken = { position: now, ephemeral, toDevice: head.toDevice };
    return {
      text: answerText(next, head, part.sections, presence),
      hasNews: head.hasNews || part.sections.length > 0 || presence.length > 0,
      next,
    };
  });
};

export const answerText = (
  next: SyncToken,
  head: AnswerHead,
  sections: readonly string[],
  presence: readonly string[],
): string => {
  const members = [`"next_batch":${JSON.stringify(syncTokenText(next))}`, ...head.members];
  if (presence.length > 0) members.push(`"presence":{"events":[${presence.join(',')}]}`);
  if (sections.length > 0) members.push(`"rooms":{${sections.join(',')}}`);
  return `{${members.join(',')}}`;
};

interface RoomsPart {
  /** `"join":{…}` and the like. */
  readonly sections: readonly string[];
  /** Rooms that the viewer is new in. */
  readonly newRooms: readonly number[];
}

const roomsPart = async (
  deps: AnswerDeps,
  tx: ReadTx,
  request: SinceRequest,
  span: Span & { readonly since: number },
  rooms: readonly UserRoom[],
  around: RoomsNews,
  ignored: ReadonlySet<UserId>,
): Promise<RoomsPart> => {
  const mayHaveNews = ({ nid }: UserRoom): boolean =>
    deps.stream.rooms.changedSince(nid, span.since) !== false ||
    around.accountData.has(nid) ||
    around.counts.has(nid) ||
    hasTypingNews(deps.ephemeral, nid, request.since.ephemeral);
  const entries = changedEntries(rooms, request, span.since, mayHaveNews);
  const joined = entries.filter(({ section }) => section === 'join').map(({ room }) => room.nid);
  const news = await withReceipts(deps.ephemeral, tx, around, joined, request.viewer.user, span);
  const context: EntryContext = { request, span, news, ignored, newRooms: [] };
  const sections: string[] = [];
  for (const section of SECTIONS) {
    const texts: string[] = [];
    for (const entry of entries) {
      if (entry.section !== section) continue;
      const text = await roomEntryText(deps, tx, entry, context);
      if (text !== undefined) texts.push(text);
    }
    if (texts.length > 0) sections.push(`"${section}":{${texts.join(',')}}`);
  }
  return { sections, newRooms: context.newRooms };
};
