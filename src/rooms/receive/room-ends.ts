// The forward extremities while events are judged: found by id, their states counted, changed in place, so that an event costs
// by what it changes and not by their number.

import type { Choice } from '../../protocol/auth-rules/allowed-by-all.ts';
import type { EventId } from '../../protocol/ids/branded.ts';
import type { NodeHash } from '../state-tree/state-node.ts';
import type { Extremity } from '../warm-rooms.ts';
import type { Batch } from './batch.ts';
import type { Outcome } from './outcomes.ts';

/** The resolved state of several ends as it was worked out last, and what of it still holds. */
export interface WorkedOut {
  readonly root: NodeHash;
  /** Keys whose events others replaced since in the states that it was made of. */
  readonly changed: Set<number>;
  /** Something changed that rules look at: other keys may have come out otherwise. */
  isMoot: boolean;
  /** The events among which a resolution chooses what stands under a key, by its nid; more of them at most. undefined: not known. */
  readonly contenders: Map<number, Set<number>> | undefined;
  /** Since v12: what these refer to, directly or not. */
  readonly cited: Set<number> | undefined;
  /** What may stand under keys that were asked for, by their nids. */
  readonly outcomes: Map<number, Outcome>;
  /** By what all outcomes of these allowed the events that the rules cannot tell from each other. */
  readonly allowed: Map<string, readonly Choice[]>;
}

export interface RoomEnds {
  /** Newest first. */
  readonly list: Extremity[];
  readonly byId: Map<EventId, Extremity>;
  /** How many of them have each state. */
  readonly roots: Map<NodeHash, number>;
  /** undefined: nothing of use. */
  workedOut: WorkedOut | undefined;
}

/** Those of the batch's head, which may be changed by the functions below until somebody gives the head others. */
export const endsOf = (batch: Batch): RoomEnds => {
  const { head, room } = batch;
  if (batch.ends?.list === head.extremities) return batch.ends;
  const list = [...head.extremities];
  // What the batch before learnt is taken over: it holds for these alone from now on.
  const { byId, roots, workedOut } = room.ends?.list === head.extremities ? room.ends : indexed(list);
  room.ends = undefined;
  // What events say is read anew by each batch: some may have been redacted.
  const readAnew = workedOut && { ...workedOut, outcomes: new Map(), allowed: new Map() };
  batch.ends = { list, byId, roots, workedOut: readAnew };
  batch.head = { ...head, extremities: list };
  return batch.ends;
};

const indexed = (list: readonly Extremity[]): Omit<RoomEnds, 'list'> => {
  const roots = new Map<NodeHash, number>();
  for (const { stateRoot } of list) count(roots, stateRoot, 1);
  return { byId: new Map(list.map((one) => [one.eventId, one])), roots, workedOut: undefined };
};

const count = (roots: Map<NodeHash, number>, root: NodeHash, change: 1 | -1): void => {
  const now = (roots.get(root) ?? 0) + change;
  if (now === 0) roots.delete(root);
  else roots.set(root, now);
};

export const addEnd = ({ list, byId, roots }: RoomEnds, end: Extremity): void => {
  list.unshift(end);
  byId.set(end.eventId, end);
  count(roots, end.stateRoot, 1);
};

export const removeEnd = ({ list, byId, roots }: RoomEnds, end: Extremity): void => {
  list.splice(list.indexOf(end), 1);
  byId.delete(end.eventId);
  count(roots, end.stateRoot, -1);
};

/** The same event, with another state after it. */
export const replaceEnd = ({ list, byId, roots }: RoomEnds, end: Extremity, by: Extremity): void => {
  list[list.indexOf(end)] = by;
  byId.set(end.eventId, by);
  count(roots, end.stateRoot, -1);
  count(roots, by.stateRoot, 1);
};

/** The different states after them. */
export const rootsOf = (batch: Batch): NodeHash[] => [...endsOf(batch).roots.keys()];
