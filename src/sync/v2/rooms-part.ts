// Which rooms an answer tells of, and the text of each.

import type { ReadTx } from '../../storage/database.ts';
import { forgottenAmong } from '../../storage/stores/sync-rooms.ts';
import type { UserRoom } from '../user-rooms.ts';
import type { EntryContext } from './entry-context.ts';
import { type JoinedDeps, joinedRoom } from './joined-room.ts';
import { invitedRoom, knockedRoom, leftRoom } from './other-rooms.ts';
import type { SyncRequest } from './request.ts';

export const SECTIONS = ['join', 'invite', 'knock', 'leave'] as const;
export type Section = (typeof SECTIONS)[number];

export interface RoomEntry {
  readonly section: Section;
  readonly room: UserRoom;
}

export const sectionOf = ({ membership }: UserRoom): Section => (membership === 'ban' ? 'leave' : membership);

/** Who wants all members at once is told of a room when they are known. */
const isTold = ({ membership, isPartial }: UserRoom, { filter }: SyncRequest): boolean =>
  membership !== 'join' || !isPartial || filter.room.state.lazyLoadMembers;

/** The entry's text, `"<room id>":{…}`; undefined: nothing to tell. */
export const roomEntryText = async (
  deps: JoinedDeps,
  entry: RoomEntry,
  context: EntryContext,
): Promise<string | undefined> => {
  const text = await entryText(deps, entry, context);
  return text === undefined ? undefined : `${JSON.stringify(entry.room.roomId)}:${text}`;
};

const entryText = (
  deps: JoinedDeps,
  { section, room }: RoomEntry,
  context: EntryContext,
): Promise<string | undefined> => {
  switch (section) {
    case 'join':
      return joinedRoom(deps, room, context);
    case 'invite':
      return invitedRoom(deps, room, context);
    case 'knock':
      return knockedRoom(deps, room, context);
    case 'leave':
      return leftRoom(deps, room, context);
  }
};

/** For an initial sync: every room that is not over, and with `include_leave` those as well. */
export const allEntries = async (
  tx: ReadTx,
  rooms: readonly UserRoom[],
  request: SyncRequest,
): Promise<RoomEntry[]> => {
  const { filter, viewer } = request;
  const wanted = rooms.filter((room) => filter.room.matchesRoom(room.roomId) && isTold(room, request));
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
  request: SyncRequest,
  since: number,
  mayHaveNews: (room: UserRoom) => boolean,
): RoomEntry[] => {
  const entries: RoomEntry[] = [];
  for (const room of rooms) {
    const section = sectionOf(room);
    if (room.position <= since && (section !== 'join' || !mayHaveNews(room))) continue;
    if (request.filter.room.matchesRoom(room.roomId) && isTold(room, request)) entries.push({ section, room });
  }
  return entries;
};
