// Walks a space and its children depth first, in pages. Client-Server API, GET /rooms/{roomId}/hierarchy.

import { forbidden, invalidParam } from '../../protocol/errors/matrix-error.ts';
import type { RoomId, ServerName } from '../../protocol/ids/branded.ts';
import { serverOf } from '../../protocol/ids/id-parts.ts';
import type { Database } from '../../storage/database.ts';
import type { RemoteRoom, RemoteRooms } from '../ports.ts';
import type { Reading } from '../read/room-reader.ts';
import { type Preview, previewOf, previewRoom } from './may-preview.ts';
import type { RoomFacts } from './room-facts.ts';

export interface HierarchyQuestion {
  readonly suggestedOnly: boolean;
  readonly maxDepth: number | undefined;
  readonly limit: number;
  readonly from: string | undefined;
}

export interface HierarchyPage {
  /** JSON texts. */
  readonly rooms: readonly string[];
  readonly nextBatch: string | undefined;
}

const DEPTH_MAX = 100;
/** Rooms looked at in one walk, those the viewer may not know of included. */
const VISITED_MAX = 5_000;

/** Rooms of other servers asked for in one walk. */
const ASKED_MAX = 50;

interface Step {
  readonly roomId: RoomId;
  readonly depth: number;
  /** Servers that are in the room, by what its parent says. */
  readonly via: readonly ServerName[];
  /** What a server in the parent told of it. */
  readonly told?: RoomFacts | undefined;
}

export interface HierarchyDeps {
  readonly db: Pick<Database, 'read'>;
  readonly reading: Reading;
  readonly remoteRooms: RemoteRooms;
}

/** A room of the walk, with what is known of its children already. */
interface Found extends Preview {
  readonly remote?: RemoteRoom;
}

/** Throws M_FORBIDDEN, M_INVALID_PARAM for a token that is not of this walk. */
export const spaceHierarchy = async (
  deps: HierarchyDeps,
  roomId: RoomId,
  question: HierarchyQuestion,
  user: number,
): Promise<HierarchyPage> => {
  const { suggestedOnly, limit } = question;
  const skip = question.from === undefined ? 0 : offsetOf(question.from, question);
  const maxDepth = Math.min(question.maxDepth ?? DEPTH_MAX, DEPTH_MAX);
  const lookAt = lookAround(deps, user);
  const rooms: string[] = [];
  // Each room comes once, so loops end by themselves.
  const seen = new Set<RoomId>();
  const steps: Step[] = [{ roomId, depth: 0, via: viaOf(roomId) }];
  let found = 0;
  for (let step = steps.pop(); step && seen.size < VISITED_MAX; step = steps.pop()) {
    if (seen.has(step.roomId)) continue;
    seen.add(step.roomId);
    const room = await lookAt(step);
    if (!room) {
      if (step.depth === 0) throw forbidden('You may not look into this room.');
      continue;
    }
    if (rooms.length === limit) return { rooms, nextBatch: tokenOf(skip + limit, question) };
    found += 1;
    if (found > skip) rooms.push(roomText(room.facts, suggestedOnly));
    if (step.depth === maxDepth) continue;
    for (const child of room.facts.children.toReversed()) {
      if (suggestedOnly && !child.suggested) continue;
      if (room.remote?.inaccessible.has(child.roomId)) continue;
      const told = room.remote?.children.get(child.roomId);
      steps.push({ roomId: child.roomId, depth: step.depth + 1, via: child.via, told });
    }
  }
  return { rooms, nextBatch: undefined };
};

/** Room ids before version 12 name a server that may be in the room. */
const viaOf = (roomId: RoomId): ServerName[] => {
  const server = serverOf(roomId);
  return server === undefined ? [] : [server];
};

/** Looks at rooms here first; those elsewhere are asked for, spaces for the sake of their children as well. */
const lookAround = ({ db, reading, remoteRooms }: HierarchyDeps, user: number) => {
  let asked = 0;
  return async ({ roomId, via, told }: Step): Promise<Found | undefined> => {
    const here = await db.read((tx) => previewRoom(reading, tx, roomId, user));
    if (here !== 'elsewhere') return here === 'hidden' ? undefined : here;
    const isAsked = (told === undefined || told.summary.room_type === 'm.space') && asked < ASKED_MAX;
    if (isAsked) asked += 1;
    const remote = isAsked ? await remoteRooms.of(roomId, via) : undefined;
    const facts = remote?.facts ?? told;
    const preview = facts && (await db.read((tx) => previewOf(tx, roomId, facts, user)));
    if (!preview || preview === 'hidden') return undefined;
    return { ...preview, ...(remote && { remote }) };
  };
};

/** A room with its children as stripped state, JSON text. */
export const roomText = ({ summary, children }: RoomFacts, suggestedOnly: boolean): string => {
  const shown = suggestedOnly ? children.filter(({ suggested }) => suggested) : children;
  return `{"children_state":[${shown.map(({ text }) => text).join(',')}],${JSON.stringify(summary).slice(1)}`;
};

/** The token carries the parameters, because "max_depth and suggested_only cannot be changed from the first request". */
const tokenOf = (offset: number, question: HierarchyQuestion): string => `h${offset}_${parametersOf(question)}`;

const parametersOf = ({ suggestedOnly, maxDepth }: HierarchyQuestion): string =>
  `${suggestedOnly ? 'suggested' : 'all'}_${maxDepth ?? 'deep'}`;

const offsetOf = (token: string, question: HierarchyQuestion): number => {
  const match = /^h(\d{1,6})_(.{1,40})$/.exec(token);
  if (!match) throw invalidParam('from is no token of this server.');
  if (match[2] !== parametersOf(question)) throw invalidParam('max_depth and suggested_only must stay as they were.');
  return Number(match[1]);
};
