// A room's summary: heroes for its name, and how many are in it. Client-Server API, "RoomSummary" of GET /sync.

import { LruCache } from '../../lib/lru-cache.ts';
import type { UserId } from '../../protocol/ids/branded.ts';
import type { RoomReader } from '../../rooms/read/room-reader.ts';
import type { RoomRef } from '../../rooms/room-ref.ts';
import type { NodeHash } from '../../rooms/state-tree/state-node.ts';
import type { ReadTx } from '../../storage/database.ts';
import { firstMembers, type MemberCounts, memberCounts } from '../../storage/stores/sync-rooms.ts';

export interface Summary {
  /** undefined: the room has a name or an alias, so nobody needs them. */
  readonly heroes: readonly UserId[] | undefined;
  readonly joined: number;
  readonly invited: number;
}

interface Known extends MemberCounts {
  /** The first who are joined or invited, or else who were; undefined: nobody needs them. */
  readonly first: readonly UserId[] | undefined;
}

/** "This should be the first 5 members of the room, ordered by stream ordering". */
const HEROES_MAX = 5;
/** States whose summaries are remembered. */
const ROOTS_MAX = 10_000;

const nonEmpty = (content: string, property: string): boolean => {
  const value = (JSON.parse(content) as Record<string, unknown>)[property];
  return typeof value === 'string' && value !== '';
};

export interface Summaries {
  /** `root`: the room's current state. */
  of(tx: ReadTx, room: RoomRef, root: NodeHash, viewer: UserId): Promise<Summary>;
}

export const createSummaries = ({ reader }: { reader: RoomReader }): Summaries => {
  const remembered = new LruCache<NodeHash, Known>(ROOTS_MAX);

  const load = async (tx: ReadTx, room: RoomRef, root: NodeHash): Promise<Known> => {
    const named = await reader.stateEvents(tx, root, [
      ['m.room.name', ''],
      ['m.room.canonical_alias', ''],
    ]);
    const isNamed = named.some(({ type, content }) => nonEmpty(content, type === 'm.room.name' ? 'name' : 'alias'));
    const counts = await memberCounts(tx, room.nid);
    if (isNamed) return { ...counts, first: undefined };
    // One more than needed, as the viewer is not among their own heroes. "When no joined or invited members are available, this
    // should consist of the banned and left users."
    const isAlone = counts.joined + counts.invited <= 1;
    const first = await firstMembers(tx, room.nid, isAlone ? ['leave', 'ban'] : ['join', 'invite'], HEROES_MAX + 1);
    return { ...counts, first };
  };

  return {
    async of(tx, room, root, viewer) {
      const known = remembered.get(root) ?? (await load(tx, room, root));
      remembered.set(root, known);
      const { joined, invited, first } = known;
      return { heroes: first?.filter((id) => id !== viewer).slice(0, HEROES_MAX), joined, invited };
    },
  };
};

export const summaryText = ({ heroes, joined, invited }: Summary): string => {
  const names = heroes && heroes.length > 0 ? `"m.heroes":${JSON.stringify(heroes)},` : '';
  return `"summary":{${names}"m.invited_member_count":${invited},"m.joined_member_count":${joined}}`;
};
