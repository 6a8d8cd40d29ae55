// The children of a space in the order in which they are shown. Client-Server API, "m.space.child relationships".

import type { JsonObject } from '../../protocol/events/json.ts';
import type { RoomId, ServerName } from '../../protocol/ids/branded.ts';
import { isRoomId } from '../../protocol/ids/room-id.ts';
import { isServerName } from '../../protocol/ids/server-name.ts';
import type { ReadTx } from '../../storage/database.ts';
import { eventsOfTypeAmong, type StoredEvent } from '../../storage/stores/events.ts';
import type { Reading } from '../read/room-reader.ts';
import { strippedText } from '../read/stripped-state.ts';
import { allEntries } from '../state-tree/read-entries.ts';
import type { NodeHash } from '../state-tree/state-node.ts';

export interface SpaceChild {
  readonly roomId: RoomId;
  readonly suggested: boolean;
  /** Servers that are in the room, by what the space says. */
  readonly via: readonly ServerName[];
  /** "Stripped State Events with an added origin_server_ts key", as JSON text. */
  readonly text: string;
}

/** Children of one space that are looked at. */
const CHILDREN_MAX = 1000;
const VIA_MAX = 50;

interface Ordered extends SpaceChild {
  readonly order: string | undefined;
  readonly originServerTs: number;
}

export const spaceChildren = async (reading: Reading, tx: ReadTx, root: NodeHash): Promise<SpaceChild[]> => {
  const entries = await allEntries(reading.state.sourceIn(tx), root);
  const events = await eventsOfTypeAmong(tx, [...entries.values()], 'm.space.child');
  return events.flatMap(storedChild).sort(inOrder).slice(0, CHILDREN_MAX);
};

export interface ChildState {
  /** The state key. */
  readonly roomId: string;
  readonly content: JsonObject;
  readonly originServerTs: number;
  readonly text: string;
}

/** "When not present or invalid, the child room is not considered to be part of the space." */
export const childOf = ({ roomId, content, originServerTs, text }: ChildState): Ordered[] => {
  const { via, order, suggested } = content;
  const isValid = Array.isArray(via) && via.length > 0 && via.every((server) => typeof server === 'string');
  if (!isValid || !isRoomId(roomId)) return [];
  const servers = (via as string[]).slice(0, VIA_MAX).filter(isServerName);
  const validOrder = typeof order === 'string' && /^[\x20-\x7E]{1,50}$/.test(order) ? order : undefined;
  return [{ roomId, suggested: suggested === true, via: servers, text, order: validOrder, originServerTs }];
};

const storedChild = (event: StoredEvent): Ordered[] => {
  const { stateKey: roomId = '', originServerTs } = event;
  const content = JSON.parse(event.content) as JsonObject;
  const text = `${strippedText(event).slice(0, -1)},"origin_server_ts":${originServerTs}}`;
  return childOf({ roomId, content, originServerTs, text });
};

/** "first order the children with a valid order key … Then, take the remaining children and order them by the origin_server_ts". */
export const inOrder = (
  a: Pick<Ordered, 'order' | 'originServerTs' | 'roomId'>,
  b: Pick<Ordered, 'order' | 'originServerTs' | 'roomId'>,
): number => {
  if (a.order !== b.order) {
    if (a.order === undefined) return 1;
    if (b.order === undefined) return -1;
    return a.order < b.order ? -1 : 1;
  }
  return a.originServerTs - b.originServerTs || (a.roomId < b.roomId ? -1 : 1);
};
