// What a user's membership of a room was: read from the states of the room at the time.

import { LruCache } from '../../lib/lru-cache.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { Names } from '../../rooms/names.ts';
import type { Viewer } from '../../rooms/read/room-reader.ts';
import type { RoomRef } from '../../rooms/room-ref.ts';
import type { RoomState } from '../../rooms/state/room-state.ts';
import { getEntry } from '../../rooms/state-tree/read-entries.ts';
import type { ReadTx } from '../../storage/database.ts';
import { contentsOf } from '../../storage/stores/events.ts';
import { lastJoinEnd } from '../../storage/stores/room-history.ts';
import { roomStateAt } from './room-state.ts';

export interface PastMembership {
  /** nid of the m.room.member event. */
  readonly event: number;
  readonly membership: string;
}

export interface JoinHistory {
  /** undefined: there was no m.room.member event of theirs. */
  at(tx: ReadTx, room: RoomRef, viewer: Viewer, position: number): Promise<PastMembership | undefined>;
  /** The position of the event that ended the last join before this member event (a nid); -Infinity: there was no join. */
  joinEnded(tx: ReadTx, event: number): Promise<number>;
}

/** Words remembered; redaction keeps them, so they never change. */
const WORDS_MAX = 50_000;

export const createJoinHistory = (deps: { names: Names; state: RoomState }): JoinHistory => {
  const words = new LruCache<number, string>(WORDS_MAX);
  const membershipOf = async (tx: ReadTx, event: number): Promise<string> => {
    const known = words.get(event);
    if (known !== undefined) return known;
    const content = (await contentsOf(tx, [event])).get(event);
    const { membership } = JSON.parse(content ?? '{}') as JsonObject;
    const word = typeof membership === 'string' ? membership : 'leave';
    words.set(event, word);
    return word;
  };
  return {
    async at(tx, room, { userId }, position) {
      const root = (await roomStateAt(tx, room.nid, position))?.root;
      const [key] = await deps.names.findStateKeysIn(tx, [['m.room.member', userId]]);
      if (root === undefined || key === undefined) return undefined;
      const event = await getEntry(deps.state.sourceIn(tx), root, key);
      return event === undefined ? undefined : { event, membership: await membershipOf(tx, event) };
    },
    joinEnded: (tx, event) => lastJoinEnd(tx, event, async (nid) => (await membershipOf(tx, nid)) === 'join'),
  };
};
