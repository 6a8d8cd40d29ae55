// The published room directory of this server: filtered, largest rooms first, in pages.
// Client-Server API, "GET /publicRooms" and "POST /publicRooms".

import { LruCache } from '../../lib/lru-cache.ts';
import { slicesOf } from '../../lib/slices-of.ts';
import { invalidParam } from '../../protocol/errors/matrix-error.ts';
import { roomVersion } from '../../protocol/room-versions/room-versions.ts';
import { type PublishedRoom, publishedRooms } from '../../storage/stores/directory.ts';
import { countMembers } from '../../storage/stores/memberships.ts';
import { bytesToHash } from '../state/room-state.ts';
import type { DirectoryDeps } from './aliases.ts';
import { entryState, type PublishedEntry, publishedEntry } from './published-entry.ts';

export interface PublicRoomsQuery {
  readonly limit: number;
  /** A token from an earlier page. */
  readonly since?: string | undefined;
  /** Looked for in name, topic and canonical alias. */
  readonly searchTerm?: string | undefined;
  /** null: rooms without a type. undefined: rooms of all types. */
  readonly roomTypes?: readonly (string | null)[] | undefined;
}

export interface PublicRoomsPage {
  readonly chunk: readonly PublishedEntry[];
  readonly next_batch?: string;
  readonly prev_batch?: string;
  readonly total_room_count_estimate: number;
}

/** Entries remembered until their room's state changes; about 1 kB each. */
const ENTRIES_MAX = 50_000;
/** Rooms whose state is read at the same time. */
const READS_AT_ONCE = 32;

interface Listed {
  readonly nid: number;
  /** The state that the entry was made of; every change of members is one of state. */
  readonly root: string;
  readonly entry: PublishedEntry;
  /** What searches look into, in lower case. */
  readonly searched: string;
}

/** Where a page begins: after (or before, going back) the room with these numbers. */
interface Mark {
  readonly members: number;
  readonly nid: number;
  readonly isBackwards: boolean;
}

export const createPublicRooms = ({ db, rooms }: Pick<DirectoryDeps, 'db' | 'rooms'>) => {
  const entries = new LruCache<number, Listed>(ENTRIES_MAX);

  const load = async (room: PublishedRoom, root: string): Promise<Listed | undefined> => {
    const version = roomVersion(room.version);
    if (!version) return undefined;
    const state = await rooms.state.pick({ nid: room.nid, roomId: room.roomId, version }, root, entryState);
    const members = await db.read((tx) => countMembers(tx, room.nid, 'join'));
    const entry = publishedEntry(room.roomId, members, state);
    const { name, topic, canonical_alias: alias } = entry;
    const listed = { nid: room.nid, root, entry, searched: [name, topic, alias].join('\n').toLowerCase() };
    entries.set(room.nid, listed);
    return listed;
  };

  /** Largest first; of equal ones the older first. */
  const list = async (): Promise<Listed[]> => {
    const published = await db.read(publishedRooms);
    const listed: Listed[] = [];
    for (const some of slicesOf(published, READS_AT_ONCE)) {
      const read = some.map(async (room) => {
        const root = bytesToHash(room.stateRoot);
        const known = entries.get(room.nid);
        return known?.root === root ? known : load(room, root);
      });
      for (const each of await Promise.all(read)) if (each) listed.push(each);
    }
    return listed.sort((a, b) => compare(markOf(a), markOf(b)));
  };

  return {
    /** Throws M_INVALID_PARAM for a token that is none. */
    async publicRooms({ limit, since, searchTerm, roomTypes }: PublicRoomsQuery): Promise<PublicRoomsPage> {
      const mark = since === undefined || since === '' ? undefined : parseMark(since);
      const term = searchTerm?.toLowerCase() ?? '';
      const found = (await list()).filter(
        ({ entry, searched }) =>
          (term === '' || searched.includes(term)) && (!roomTypes || roomTypes.includes(typeOf(entry))),
      );
      const [from, to] = range(found, mark, limit);
      const [first, last] = [found[from], found[to - 1]];
      return {
        chunk: found.slice(from, to).map(({ entry }) => entry),
        ...(last && to < found.length && { next_batch: writeMark({ ...markOf(last), isBackwards: false }) }),
        ...(first && from > 0 && { prev_batch: writeMark({ ...markOf(first), isBackwards: true }) }),
        total_room_count_estimate: found.length,
      };
    },
  };
};

const typeOf = ({ room_type: type }: PublishedEntry): string | null => type ?? null;

type Place = Pick<Mark, 'members' | 'nid'>;

const markOf = ({ nid, entry }: Listed): Place => ({ members: entry.num_joined_members, nid });

const compare = (a: Place, b: Place): number => b.members - a.members || a.nid - b.nid;

/** Indices of the page: from (included) to (excluded). */
const range = (found: readonly Listed[], mark: Mark | undefined, limit: number): [from: number, to: number] => {
  if (!mark) return [0, Math.min(limit, found.length)];
  const after = found.findIndex((each) => compare(markOf(each), mark) > 0);
  if (!mark.isBackwards)
    return after < 0 ? [found.length, found.length] : [after, Math.min(after + limit, found.length)];
  const at = found.findIndex((each) => compare(markOf(each), mark) >= 0);
  const end = at < 0 ? found.length : at;
  return [Math.max(0, end - limit), end];
};

const writeMark = ({ members, nid, isBackwards }: Mark): string => `${isBackwards ? 'p' : 'n'}${members}_${nid}`;

const parseMark = (token: string): Mark => {
  const match = /^([np])(\d{1,15})_(\d{1,15})$/.exec(token);
  if (!match) throw invalidParam('since is no token of this directory.');
  return { isBackwards: match[1] === 'p', members: Number(match[2]), nid: Number(match[3]) };
};
