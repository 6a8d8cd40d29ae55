// What those who are not in a room may be told of it, and its children if it is a space: remembered for each state of a room.

import { LruCache } from '../../lib/lru-cache.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { RoomEvent } from '../../protocol/events/room-event.ts';
import type { RoomId } from '../../protocol/ids/branded.ts';
import type { ReadTx } from '../../storage/database.ts';
import { countMembers } from '../../storage/stores/memberships.ts';
import { allowedRooms, isRestricted } from '../admission/join-conditions.ts';
import { entryState, publishedEntry } from '../directory/published-entry.ts';
import type { Reading } from '../read/room-reader.ts';
import { stateEvents } from '../read/state-events.ts';
import type { RoomRef } from '../room-ref.ts';
import { type StateKeyPair, toRoomEvent } from '../state/room-state.ts';
import type { NodeHash } from '../state-tree/state-node.ts';
import { type SpaceChild, spaceChildren } from './space-children.ts';

export interface RoomFacts {
  /** RoomSummary of the specification. */
  readonly summary: JsonObject;
  readonly joinRule: string;
  readonly isWorldReadable: boolean;
  /** Rooms whose members may join, where the join rule is restricted. */
  readonly allowed: readonly RoomId[];
  /** In the order in which they are shown; empty for a room that is no space. */
  readonly children: readonly SpaceChild[];
}

export interface RoomFactsMemory {
  /** `root`: the room's current state. */
  of(reading: Reading, tx: ReadTx, room: RoomRef, root: NodeHash): Promise<RoomFacts>;
}

/** About 2 kB each, more for large spaces. */
const ROOMS_MAX = 20_000;
const pairs: readonly StateKeyPair[] = [...entryState, ['m.room.encryption', '']];

export const createRoomFacts = (): RoomFactsMemory => {
  const known = new LruCache<NodeHash, RoomFacts>(ROOMS_MAX);
  return {
    async of(reading, tx, room, root) {
      const remembered = known.get(root);
      if (remembered) return remembered;
      const facts = await readFacts(reading, tx, room, root);
      known.set(root, facts);
      return facts;
    },
  };
};

const readFacts = async (reading: Reading, tx: ReadTx, room: RoomRef, root: NodeHash): Promise<RoomFacts> => {
  const stored = await stateEvents(reading, tx, root, pairs);
  const state = pairs.map(([type]): RoomEvent | undefined => {
    const event = stored.find((each) => each.type === type);
    return event && toRoomEvent(event, room);
  });
  const event = (type: string): RoomEvent | undefined => state[pairs.findIndex(([pairType]) => pairType === type)];
  const content = (type: string): JsonObject => event(type)?.content ?? {};
  const entry = publishedEntry(room.roomId, await countMembers(tx, room.nid, 'join'), state);
  const joinRules = content('m.room.join_rules');
  const allowed = isRestricted(event('m.room.join_rules'), room.version) ? allowedRooms(joinRules.allow) : [];
  const { algorithm } = content('m.room.encryption');
  return {
    summary: {
      ...entry,
      room_version: room.version.id,
      ...(typeof algorithm === 'string' && { encryption: algorithm }),
      ...(allowed.length > 0 && { allowed_room_ids: [...allowed] }),
    },
    joinRule: typeof joinRules.join_rule === 'string' ? joinRules.join_rule : 'invite',
    isWorldReadable: entry.world_readable,
    allowed,
    children: entry.room_type === 'm.space' ? await spaceChildren(reading, tx, root) : [],
  };
};
