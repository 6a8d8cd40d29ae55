// Which rooms an answer tells of, and the text of each.

import type { UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx } from '../../storage/database.ts';
import { forgottenAmong } from '../../storage/stores/sync-rooms.ts';
import type { UserRoom } from '../user-rooms.ts';
import { type JoinedDeps, joinedRoom } from './joined-room.ts';
import { invitedRoom, knockedRoom, leftRoom } from './other-rooms.ts';
import type { Span, SyncRequest } from './request.ts';
import type { RoomsNews } from './room-news.ts';

export const SECTIONS = ['join', 'invite', 'knock', 'leave'] as const;
export type Section = (typeof SECTIONS)[number];

export interface RoomEntry {
  readonly section: Section;
  readonly room: UserRoom;
}

export const sectionOf = ({ membership }: UserRoom): Section => (membership === 'ban' ? 'leave' : membership);

/** What the entries of one answer have in common. */
export interface EntryContext {
  readonly request: SyncRequest;
  readonly span: Span;
  readonly news: RoomsNews;
  readonly ignored: ReadonlySet<UserId>;
  /** Filled with the rooms that turn out to be new to the client. */
  readonly newRooms: number[];
}

/** The entry's text, `"<room id>":{…}`; undefined: nothing to tell. */
export const roomEntryText = async (
  deps: JoinedDeps,
  tx: ReadTx,
  entry: RoomEntry,
  context: EntryContext,
): Promise<string | undefined> => {
  const text = await entryText(deps, tx, entry, context);
  return text === undefined ? undefined : `${JSON.stringify(entry.room.roomId)}:${text}`;
};

const entryText = async (
  deps: JoinedDeps,
  tx: ReadTx,
  { section, room }: RoomEntry,
  { request, span, news, ignored, newRooms }: EntryContext,
): Promise<string | undefined> => {
  switch (section) {
    case 'join': {
      const joined = await joinedRoom(deps, tx, room, request, span, news);
      if (joined?.isNew) newRooms.push(room.nid);
      return joined?.text;
    }
    case 'invite':
      return invitedRoom(deps, tx, room, ignored);
    case 'knock':
      return knockedRoom(deps, tx, room);
    case 'leave':
      return leftRoom(deps, tx, room, request, span, news);
  }
};

/** For an initial sync: every room that is not over, and with `include_leave` those as well. */
export const allEntries = async (
  tx: ReadTx,
  rooms: readonly UserRoom[],
  { filter, viewer }: SyncRequest,
): Promise<RoomEntry[]> => {
  const wanted = rooms.filter((room) => filter.room.matchesRoom(room.roomId));
  const left = wanted.filter((room) => sectionOf(room) === 'leave');
  const forgotten = filter.room.includeLeave
    ? await forgottenAmong(
        tx,
        viewer.user,
        left.map(({ nid }) => nid),
      )
    : undefined;
  return wanted.flatMap((room) => {
    const section = sectionOf(room);
    return section === 'leave' && (!forgotten || forgotten.has(room.nid)) ? [] : { section, room };
  });
};

/** For an incremental sync: rooms that may have news. */
export const changedEntries = (
  rooms: Iterable<UserRoom>,
  { filter }: SyncRequest,
  since: number,
  mayHaveNews: (room: UserRoom) => boolean,
): RoomEntry[] => {
  const entries: RoomEntry[] = [];
  for (const room of rooms) {
    const section = sectionOf(room);
    if (room.position <= since && (section !== 'join' || !mayHaveNews(room))) continue;
    if (filter.room.matchesRoom(room.roomId)) entries.push({ section, room });
  }
  return entries;
};
