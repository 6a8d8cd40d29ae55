// A space and its children as another server is told of them, for its users to choose from.
// Server-Server API, "Spaces": "all the space-room's children the requesting server could feasibly peek/join are returned".

import { notFound } from '../../protocol/errors/matrix-error.ts';
import type { RoomId, ServerName } from '../../protocol/ids/branded.ts';
import { roomVersion } from '../../protocol/room-versions/room-versions.ts';
import { mayTakePart } from '../../protocol/server-acl/server-acl.ts';
import type { ReadTx } from '../../storage/database.ts';
import { askedRoomById, hasMemberOf, isServerInAny } from '../../storage/stores/server-questions.ts';
import type { Reading } from '../read/room-reader.ts';
import { stateEvents } from '../read/state-events.ts';
import { bytesToHash } from '../state/room-state.ts';
import type { NodeHash } from '../state-tree/state-node.ts';
import type { RoomFacts } from './room-facts.ts';
import { roomText } from './space-hierarchy.ts';

export interface ServerHierarchy {
  /** JSON texts: the space with its children_state, the children without. */
  readonly room: string;
  readonly children: readonly string[];
  /** Rooms that are here, which the server has no way into. */
  readonly inaccessible: readonly RoomId[];
}

/** Throws M_NOT_FOUND, for rooms that the server may not look into as well. */
export const serverHierarchy = async (
  reading: Reading,
  tx: ReadTx,
  roomId: RoomId,
  suggestedOnly: boolean,
  server: ServerName,
): Promise<ServerHierarchy> => {
  const space = await lookInto(reading, tx, roomId, server);
  if (!space?.isOpen) throw notFound('There is no such room here, or your server may not look into it.');
  const children: string[] = [];
  const inaccessible: RoomId[] = [];
  for (const child of space.facts.children) {
    if (suggestedOnly && !child.suggested) continue;
    const found = await lookInto(reading, tx, child.roomId, server);
    // "Rooms which the responding server cannot provide details on will be outright excluded from the response".
    if (!found) continue;
    if (found.isOpen) children.push(JSON.stringify(found.facts.summary));
    else inaccessible.push(child.roomId);
  }
  return { room: roomText(space.facts, suggestedOnly), children, inaccessible };
};

interface Found {
  readonly facts: RoomFacts;
  readonly isOpen: boolean;
}

const lookInto = async (
  reading: Reading,
  tx: ReadTx,
  roomId: RoomId,
  server: ServerName,
): Promise<Found | undefined> => {
  const row = await askedRoomById(tx, roomId);
  const version = row && roomVersion(row.version);
  if (!row || !version || row.residency === 0) return undefined;
  const root = bytesToHash(row.stateRoot);
  const facts = await reading.facts.of(reading, tx, { nid: row.nid, roomId, version }, root);
  const isOpen = (await isAllowed(reading, tx, root, server)) && (await hasWayIn(tx, row.nid, facts, server));
  return { facts, isOpen };
};

/** Whom the room's m.room.server_acl excludes could not join. */
const isAllowed = async (reading: Reading, tx: ReadTx, root: NodeHash, server: ServerName): Promise<boolean> => {
  const [acl] = await stateEvents(reading, tx, root, [['m.room.server_acl', '']]);
  return !acl || mayTakePart(JSON.parse(acl.content), server);
};

const OPEN_RULES = ['public', 'knock', 'knock_restricted'];

const hasWayIn = async (tx: ReadTx, room: number, facts: RoomFacts, server: ServerName): Promise<boolean> => {
  if (facts.isWorldReadable || OPEN_RULES.includes(facts.joinRule)) return true;
  if (await hasMemberOf(tx, room, server, 'join')) return true;
  if (await hasMemberOf(tx, room, server, 'invite')) return true;
  return isServerInAny(tx, server, facts.allowed);
};
