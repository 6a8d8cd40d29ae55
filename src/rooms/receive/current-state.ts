// The room's current state while events are judged: resolved only when somebody asks for it, as most events do not.

import { authEventKeys } from '../../protocol/auth-rules/auth-event-keys.ts';
import type { RoomEvent } from '../../protocol/events/room-event.ts';
import type { RoomRef } from '../room-ref.ts';
import type { StateKeyPair } from '../state/room-state.ts';
import { getEntries } from '../state-tree/read-entries.ts';
import type { NodeHash } from '../state-tree/state-node.ts';
import type { Extremity } from '../warm-rooms.ts';
import type { Batch } from './batch.ts';
import { endsOf, rootsOf, type WorkedOut } from './room-ends.ts';
import { resolved } from './state-before.ts';
import { nidsOf } from './state-key-nids.ts';

/** A state event that one extremity moved on to. */
export interface Move {
  /** nid of its (type, state key). */
  readonly key: number;
  readonly event: number;
  /** nid of the event that stood there. */
  readonly replaces: number | undefined;
  /** nids of what these two refer to. */
  readonly cites: readonly number[];
  /** Whether more of the resolved state than what stands under its key may be another. */
  readonly isRuling: boolean;
}

/**
 * The room has these extremities from now on; its state is worked out when it is needed. `move`: one of them moved on, and what is
 * in conflict gained or lost nothing but these two events (null: its state is the same).
 */
export const moveHead = (batch: Batch, extremities: readonly Extremity[], move?: Move | null): void => {
  const [only] = extremities;
  const isOne = extremities.length === 1;
  batch.isStale = !isOne && (batch.isStale || move !== null);
  batch.head = { ...batch.head, extremities, ...(isOne && { stateRoot: only!.stateRoot }) };
  const ends = endsOf(batch);
  if (move === undefined || isOne) ends.workedOut = undefined;
  else if (move !== null && ends.workedOut) noteMove(ends.workedOut, move);
};

const noteMove = (workedOut: WorkedOut, { key, event, replaces, cites, isRuling }: Move): void => {
  workedOut.changed.add(key);
  workedOut.outcomes.delete(key);
  workedOut.isMoot ||= isRuling;
  for (const nid of cites) workedOut.cited?.add(nid);
  const { contenders } = workedOut;
  if (!contenders) return;
  const there = contenders.get(key) ?? new Set();
  contenders.set(key, there.add(event));
  if (replaces !== undefined) there.add(replaces);
};

export const currentState = async (batch: Batch): Promise<NodeHash> => {
  if (batch.isStale) {
    const { root, contenders, cited } = await resolved(batch, rootsOf(batch));
    batch.head = { ...batch.head, stateRoot: root };
    batch.isStale = false;
    endsOf(batch).workedOut = {
      root,
      changed: new Set(),
      isMoot: false,
      contenders,
      cited,
      outcomes: new Map(),
      allowed: new Map(),
    };
  }
  return batch.head.stateRoot;
};

/**
 * A state that says of some keys what the current state says of them, if there is one in hand: what was worked out before events
 * that changed other keys still holds for them.
 */
export const stateInHand = (batch: Batch, keys: readonly number[]): NodeHash | undefined => {
  if (!batch.isStale) return batch.head.stateRoot;
  const { workedOut } = endsOf(batch);
  if (!workedOut || workedOut.isMoot) return undefined;
  return keys.some((key) => workedOut.changed.has(key)) ? undefined : workedOut.root;
};

export const CREATE: StateKeyPair = ['m.room.create', ''];
export const POLICY: StateKeyPair = ['m.room.policy', ''];

/** What rules judge an event by. */
export const judgedBy = ({ version }: RoomRef, event: RoomEvent): readonly StateKeyPair[] => {
  const keys = authEventKeys(event, version);
  // Since v12 the create event is not selected.
  return version.roomIdIsCreateHash ? [CREATE, ...keys] : keys;
};

/** The nids of that which anybody has used, and of what says which policy server is to have signed it. */
export const keysFor = async (batch: Batch, event: RoomEvent): Promise<number[]> =>
  (await nidsOf(batch, [...judgedBy(batch.room, event), POLICY])).filter((key) => key !== undefined);

/**
 * Whether the current state says of some keys what the state before an event says, as far as can be told without working it out:
 * what all extremities have is in the resolved state, and what none has is not, as long as no conflict brings it back.
 */
export const saysTheSame = async (batch: Batch, keys: readonly number[], before: NodeHash): Promise<boolean> => {
  const { engine, head } = batch;
  const roots = new Set(batch.isStale ? rootsOf(batch) : [head.stateRoot]);
  roots.delete(before);
  if (roots.size === 0) return true;
  const { source } = engine.state;
  const said = await getEntries(source, before, keys);
  if (batch.isStale) {
    const { contenders } = endsOf(batch).workedOut ?? {};
    if (keys.some((key) => !said.has(key) && (!contenders || contenders.has(key)))) return false;
  }
  for (const root of roots) {
    const other = await getEntries(source, root, keys);
    if (keys.some((key) => other.get(key) !== said.get(key))) return false;
  }
  return true;
};
