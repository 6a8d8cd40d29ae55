// Which rooms an answer tells of, and the text of each.

import type { UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx } from '../../storage/database.ts';
import type { RoomAccountDatum } from '../../storage/stores/account-data.ts';
import { forgottenAmong } from '../../storage/stores/sync-rooms.ts';
import type { UserRoom } from '../user-rooms.ts';
import { type JoinedDeps, joinedRoom } from './joined-room.ts';
import { invitedRoom, knockedRoom, leftRoom } from './other-rooms.ts';
import type { Span, SyncRequest } from './request.ts';

export const SECTIONS = ['join', 'invite', 'knock', 'leave'] as const;
export type Section = (typeof SECTIONS)[number];

export interface RoomEntry {
  readonly section: Section;
  readonly room: UserRoom;
}

/** Room nid → what changed of its account data. */
export type AccountDataByRoom = ReadonlyMap<number, readonly RoomAccountDatum[]>;

export const sectionOf = ({ membership }: UserRoom): Section => (membership === 'ban' ? 'leave' : membership);

/** The entry's text, `"<room id>":{…}`; undefined: nothing to tell. */
export const roomEntryText = async (
  deps: JoinedDeps,
  tx: ReadTx,
  { section, room }: RoomEntry,
  request: SyncRequest,
  span: Span,
  accountData: AccountDataByRoom,
  ignored: ReadonlySet<UserId>,
): Promise<string | undefined> => {
  const data = accountData.get(room.nid) ?? [];
  const text =
    section === 'join'
      ? await joinedRoom(deps, tx, room, request, span, data)
      : section === 'invite'
        ? await invitedRoom(deps, tx, room, ignored)
        : section === 'knock'
          ? await knockedRoom(deps, tx, room)
          : await leftRoom(deps, tx, room, request, span, data);
  return text === undefined ? undefined : `${JSON.stringify(room.roomId)}:${text}`;
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
