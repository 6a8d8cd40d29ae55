// What somebody who is not in the room is told of it. Client-Server API, "Stripped state".

import type { EventId } from '../../protocol/ids/branded.ts';
import type { ReadTx } from '../../storage/database.ts';
import { eventById, type StoredEvent } from '../../storage/stores/events.ts';
import type { RoomRef } from '../room-ref.ts';
import type { StateKeyPair } from '../state/room-state.ts';
import type { NodeHash } from '../state-tree/state-node.ts';
import type { Reading } from './room-reader.ts';
import { stateEvents } from './state-events.ts';

/** "Stripped state should contain some or all of the following state events". */
const TYPES = [
  'm.room.create',
  'm.room.name',
  'm.room.avatar',
  'm.room.topic',
  'm.room.join_rules',
  'm.room.canonical_alias',
  'm.room.encryption',
];

/** What is told of a room to who is invited to it or knocks on it. */
export const strippedPairs: readonly StateKeyPair[] = TYPES.map((type) => [type, ''] as const);

/** JSON texts; `extra` is one more state event of the room: the invite or knock itself. */
export const strippedState = async (
  reading: Reading,
  tx: ReadTx,
  room: RoomRef,
  root: NodeHash,
  extra?: EventId,
): Promise<string[]> => {
  const events = await stateEvents(reading, tx, root, strippedPairs);
  const own = extra === undefined ? undefined : await eventById(tx, extra);
  if (own && own.room === room.nid && own.stateKey !== undefined) events.push(own);
  return events.map(strippedText);
};

/** "Stripped state events can only have the sender, type, state_key and content properties present." */
export const strippedText = (event: StoredEvent): string =>
  `{"content":${event.content},"sender":${JSON.stringify(event.sender)},"state_key":${JSON.stringify(
    event.stateKey,
  )},"type":${JSON.stringify(event.type)}}`;
