// What changed around rooms' timelines: account data, receipts, typing. Looked up for all rooms of an answer at once.

import type { Ephemeral } from '../../ephemeral/ephemeral.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { EventFilter, RoomEventFilter } from '../../protocol/filters/event-filter.ts';
import type { RoomFilter } from '../../protocol/filters/parse-filter.ts';
import type { RoomRef } from '../../rooms/room-ref.ts';
import type { ReadTx } from '../../storage/database.ts';
import { accountDataOf, type RoomAccountDatum } from '../../storage/stores/account-data.ts';
import type { Stream } from '../../stream/stream.ts';
import type { SyncToken } from '../sync-token.ts';
import type { Moment, Span } from './request.ts';

/** Room nid → what changed of its account data. */
export type AccountDataByRoom = ReadonlyMap<number, readonly RoomAccountDatum[]>;

export interface RoomsNews {
  readonly accountData: AccountDataByRoom;
  /** Room nid → content of m.receipt. */
  readonly receipts: ReadonlyMap<number, JsonObject>;
  /** Rooms whose unread counts changed by what the user read. */
  readonly counts: ReadonlySet<number>;
  /** Typing that changed after this version is news; undefined: all of it is. */
  readonly typingSince: number | undefined;
}

export interface NewsWanted {
  readonly accountData: AccountDataByRoom;
  readonly typingSince: number | undefined;
  readonly asksOwnReceipts: boolean;
}

/** Without receipts: for rooms that are yet to be found. */
export const newsAround = async (
  ephemeral: Ephemeral,
  tx: ReadTx,
  viewer: number,
  { since, now }: Span,
  { accountData, typingSince, asksOwnReceipts }: NewsWanted,
): Promise<RoomsNews> => {
  const own =
    since === undefined || !asksOwnReceipts ? [] : await ephemeral.receipts.roomsOfOwnReceipts(tx, viewer, since, now);
  return { accountData, typingSince, counts: new Set(own), receipts: new Map() };
};

export const withReceipts = async (
  ephemeral: Ephemeral,
  tx: ReadTx,
  news: RoomsNews,
  rooms: readonly number[],
  { viewer, since, now }: Span & { readonly viewer: number },
): Promise<RoomsNews> => {
  const from = since ?? Number.MIN_SAFE_INTEGER;
  return { ...news, receipts: await ephemeral.receipts.receiptsSince(tx, rooms, from, now, viewer) };
};

/** All there is around one room, for a client that was told nothing of it so far. */
export const allAround = async (
  ephemeral: Ephemeral,
  tx: ReadTx,
  { nid }: RoomRef,
  news: RoomsNews,
  { viewer, now }: { readonly viewer: number; readonly now: number },
): Promise<RoomsNews> => {
  const data = (await accountDataOf(tx, viewer, nid)).filter(({ position }) => position <= now);
  const receipts = await ephemeral.receipts.receiptsSince(tx, [nid], Number.MIN_SAFE_INTEGER, now, viewer);
  const accountData = new Map([[nid, data.map((datum) => ({ ...datum, room: nid }))]]);
  return { ...news, accountData, receipts, typingSince: undefined };
};

/** Whether somebody began or ended typing in the room after the version. */
const hasTypingNews = ({ typing }: Ephemeral, room: number, since: number): boolean => {
  const now = typing.typingIn(room);
  return now !== undefined && now.version > since;
};

/** Which joined rooms have to be looked at for a client that comes back with a token. */
export const newsSince =
  ({ stream, ephemeral }: { stream: Stream; ephemeral: Ephemeral }, since: SyncToken, at: Moment, news: RoomsNews) =>
  ({ nid }: RoomRef): boolean =>
    stream.rooms.changedSince(nid, since.position) !== false ||
    news.accountData.has(nid) ||
    news.counts.has(nid) ||
    (at.ephemeral > since.ephemeral && hasTypingNews(ephemeral, nid, since.ephemeral));

/** `"ephemeral":{…}` and `"account_data":{…}`, without what is empty. */
export const newsMembers = (
  ephemeral: Ephemeral,
  room: RoomRef,
  news: RoomsNews,
  filter: RoomFilter,
): readonly string[] => {
  const members: string[] = [];
  const passing = ephemeralTexts(ephemeral, room, news, filter.ephemeral);
  if (passing.length > 0) members.push(`"ephemeral":{"events":[${passing.join(',')}]}`);
  const data = news.accountData.get(room.nid) ?? [];
  if (data.length > 0 && filter.accountData.matchesRoom(room.roomId)) {
    const texts = accountDataTexts(data, filter.accountData);
    if (texts.length > 0) members.push(`"account_data":{"events":[${texts.join(',')}]}`);
  }
  return members;
};

const ephemeralTexts = (
  { typing }: Ephemeral,
  { nid, roomId }: RoomRef,
  { receipts, typingSince }: RoomsNews,
  filter: RoomEventFilter,
): string[] => {
  if (!filter.matchesRoom(roomId)) return [];
  const texts: string[] = [];
  const receipt = receipts.get(nid);
  if (receipt && filter.matches({ type: 'm.receipt', content: receipt })) {
    texts.push(`{"content":${JSON.stringify(receipt)},"type":"m.receipt"}`);
  }
  const now = typing.typingIn(nid);
  const isNews = now && (typingSince === undefined ? now.users.length > 0 : now.version > typingSince);
  if (isNews) {
    const content = { user_ids: [...now.users] };
    if (filter.matches({ type: 'm.typing', content })) {
      texts.push(`{"content":${JSON.stringify(content)},"type":"m.typing"}`);
    }
  }
  return texts;
};

export const accountDataTexts = (
  data: readonly { readonly type: string; readonly content: string }[],
  filter: EventFilter,
): string[] =>
  data
    .filter(
      ({ type, content }) => filter.matchesAll || filter.matches({ type, content: JSON.parse(content) as JsonObject }),
    )
    .map(({ type, content }) => `{"content":${content},"type":${JSON.stringify(type)}}`);
