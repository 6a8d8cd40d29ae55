// Walks a space and its children depth first, in pages. Client-Server API, GET /rooms/{roomId}/hierarchy.

import { forbidden, invalidParam } from '../../protocol/errors/matrix-error.ts';
import type { RoomId } from '../../protocol/ids/branded.ts';
import type { ReadTx } from '../../storage/database.ts';
import type { Reading } from '../read/room-reader.ts';
import { previewRoom } from './may-preview.ts';
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

interface Step {
  readonly roomId: RoomId;
  readonly depth: number;
}

/** Throws M_FORBIDDEN, M_INVALID_PARAM for a token that is not of this walk. */
export const spaceHierarchy = async (
  reading: Reading,
  tx: ReadTx,
  roomId: RoomId,
  question: HierarchyQuestion,
  user: number,
): Promise<HierarchyPage> => {
  const { suggestedOnly, limit } = question;
  const skip = question.from === undefined ? 0 : offsetOf(question.from, question);
  const maxDepth = Math.min(question.maxDepth ?? DEPTH_MAX, DEPTH_MAX);
  const rooms: string[] = [];
  // Each room comes once, so loops end by themselves.
  const seen = new Set<RoomId>();
  const steps: Step[] = [{ roomId, depth: 0 }];
  let found = 0;
  for (let step = steps.pop(); step && seen.size < VISITED_MAX; step = steps.pop()) {
    if (seen.has(step.roomId)) continue;
    seen.add(step.roomId);
    const preview = await previewRoom(reading, tx, step.roomId, user);
    if (!preview) {
      if (step.depth === 0) throw forbidden('You may not look into this room.');
      continue;
    }
    if (rooms.length === limit) return { rooms, nextBatch: tokenOf(skip + limit, question) };
    found += 1;
    if (found > skip) rooms.push(roomText(preview.facts, suggestedOnly));
    if (step.depth === maxDepth) continue;
    for (const child of preview.facts.children.toReversed()) {
      if (!suggestedOnly || child.suggested) steps.push({ roomId: child.roomId, depth: step.depth + 1 });
    }
  }
  return { rooms, nextBatch: undefined };
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
