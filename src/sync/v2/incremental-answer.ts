// The answer to a client that comes back with a token: what changed since.

import type { ReadTx } from '../../storage/database.ts';
import { type SyncToken, syncTokenText } from '../sync-token.ts';
import type { UserRoom, UserRooms } from '../user-rooms.ts';
import type { AnswerDeps } from './answer-deps.ts';
import { deviceParts } from './device-parts.ts';
import { type EntryContext, nothingLearnt } from './entry-context.ts';
import { noAccountData, ownAccountData } from './own-account-data.ts';
import { presenceTexts } from './presence-part.ts';
import type { RecentRoom } from './recent-rooms.ts';
import type { Moment, SyncRequest } from './request.ts';
import { newsAround, newsSince, withReceipts } from './room-news.ts';
import { changedEntries, type RoomEntry, roomEntryText, SECTIONS } from './rooms-part.ts';

/** Rooms with news in one answer to a client that follows closely. */
const ROOMS_FOLLOWED_MAX = 20;

export interface IncrementalAnswer {
  readonly text: string;
  /** Whether it says anything that a waiting client must hear. */
  readonly hasNews: boolean;
  readonly next: SyncToken;
}

export interface SinceRequest extends SyncRequest {
  readonly since: SyncToken;
}

export const incrementalAnswer = async (
  deps: AnswerDeps,
  request: SinceRequest,
  { now, ephemeral }: Moment,
  mine: UserRooms,
): Promise<IncrementalAnswer> => {
  const { viewer, since, filter } = request;
  const rooms = [...mine.all.values()];
  const moved = mine.latest > since.position;
  const ignored = await deps.accounts.ignoredUsers(viewer.user);
  return deps.db.read(async (tx) => {
    const span = { since: since.position, now };
    const isOwnNews = deps.stream.users.changedSince(viewer.user, since.position) !== false;
    const data = isOwnNews ? await ownAccountData(tx, viewer, span, filter.accountData) : noAccountData;
    const around = await newsAround(deps.ephemeral, tx, viewer.user, span, {
      accountData: data.byRoom,
      typingSince: since.ephemeral,
      asksOwnReceipts: isOwnNews || !filter.room.ephemeral.matchesAll,
    });
    const entries = changedEntries(rooms, request, since.position, newsSince(deps, since, { now, ephemeral }, around));
    const joined = entries.filter(({ section }) => section === 'join').map(({ room }) => room);
    const recent = await recentOf(deps, tx, joined, now);
    const withReceiptNews = joined
      .map(({ nid }) => nid)
      .filter((nid) => isOwnNews || (recent.get(nid)?.receipts ?? now) > since.position);
    const news = await withReceipts(deps.ephemeral, tx, around, withReceiptNews, { ...span, viewer: viewer.user });
    const context: EntryContext = { tx, request, span, news, ignored, recent, learnt: nothingLearnt() };
    const sections = await sectionTexts(deps, entries, context);
    const { learnt } = context;
    const members = moved || learnt.stateChanged;
    const changed = { user: isOwnNews, rooms: entries.length > 0, members };
    const device = await deviceParts(deps.e2ee, tx, request, now, changed);
    const newUsers = [...device.changedUsers, ...learnt.joiners];
    const presence =
      ephemeral > since.ephemeral || newUsers.length + learnt.newRooms.length > 0
        ? await presenceTexts(deps.ephemeral, tx, filter.presence, {
            viewer: viewer.user,
            since: since.ephemeral,
            newRooms: learnt.newRooms,
            newUsers,
          })
        : [];
    const next: SyncToken = { position: now, ephemeral, toDevice: device.toDevice };
    const parts = [`"next_batch":${JSON.stringify(syncTokenText(next))}`, ...device.members];
    if (data.global.length > 0) parts.push(`"account_data":{"events":[${data.global.join(',')}]}`);
    if (presence.length > 0) parts.push(`"presence":{"events":[${presence.join(',')}]}`);
    if (sections.length > 0) parts.push(`"rooms":{${sections.join(',')}}`);
    const hasNews = device.hasNews || data.global.length + presence.length + sections.length > 0;
    return { text: `{${parts.join(',')}}`, hasNews, next };
  });
};

const recentOf = async (
  { recentRooms }: AnswerDeps,
  tx: ReadTx,
  rooms: readonly UserRoom[],
  now: number,
): Promise<Map<number, RecentRoom>> => {
  const found = new Map<number, RecentRoom>();
  // Who comes back to many changed rooms was away for long: what they are told is not what others listen to.
  if (rooms.length > ROOMS_FOLLOWED_MAX) return found;
  for (const room of rooms) {
    const recent = await recentRooms.of(tx, room, now);
    if (recent) found.set(room.nid, recent);
  }
  return found;
};

/** `"join":{…}` and the like. */
const sectionTexts = async (
  deps: AnswerDeps,
  entries: readonly RoomEntry[],
  context: EntryContext,
): Promise<string[]> => {
  const sections: string[] = [];
  for (const section of SECTIONS) {
    const texts: string[] = [];
    for (const entry of entries) {
      if (entry.section !== section) continue;
      const text = await roomEntryText(deps, entry, context);
      if (text !== undefined) texts.push(text);
    }
    if (texts.length > 0) sections.push(`"${section}":{${texts.join(',')}}`);
  }
  return sections;
};
