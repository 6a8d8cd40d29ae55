// The room's current state while events are judged: resolved only when somebody asks for it, as most events do not.

import { authEventKeys } from '../../protocol/auth-rules/auth-event-keys.ts';
import type { RoomEvent } from '../../protocol/events/room-event.ts';
import type { StateKeyPair } from '../state/room-state.ts';
import { getEntries } from '../state-tree/read-entries.ts';
import type { NodeHash } from '../state-tree/state-node.ts';
import type { Extremity } from '../warm-rooms.ts';
import type { Batch } from './batch.ts';
import { rootsOf } from './room-ends.ts';
import { resolved } from './state-before.ts';

/** A state that was worked out, and the keys whose events others replaced since in the states that it was made of. */
export interface WorkedOut {
  readonly root: NodeHash;
  readonly changed: Set<number>;
}

/**
 * The room has these extremities from now on; its state is worked out when it is needed. `changed`: one extremity moved on, which
 * changed what stands under this key and nothing else (null: nothing).
 */
export const moveHead = (batch: Batch, extremities: readonly Extremity[], changed?: number | null): void => {
  const [only] = extremities;
  if (changed === undefined || extremities.length === 1) batch.workedOut = undefined;
  else if (changed !== null) batch.workedOut?.changed.add(changed);
  batch.isStale = extremities.length > 1;
  batch.head = { ...batch.head, extremities, ...(extremities.length === 1 && { stateRoot: only!.stateRoot }) };
};

export const currentState = async (batch: Batch): Promise<NodeHash> => {
  if (batch.isStale) {
    const root = await resolved(batch, rootsOf(batch));
    batch.head = { ...batch.head, stateRoot: root };
    batch.isStale = false;
    batch.workedOut = { root: batch.head.stateRoot, changed: new Set() };
  }
  return batch.head.stateRoot;
};

/**
 * A state that says of the event what the current state says of it: what was worked out before events that changed other keys
 * still holds for those by which this one is judged.
 */
export const stateToJudgeBy = async (batch: Batch, event: RoomEvent): Promise<NodeHash> => {
  const { isStale, workedOut } = batch;
  if (!isStale || !workedOut) return currentState(batch);
  const keys = await keysFor(batch, event);
  return keys.some((key) => workedOut.changed.has(key)) ? currentState(batch) : workedOut.root;
};

/** What every event is judged by, besides its auth events. */
const ALWAYS: readonly StateKeyPair[] = [
  ['m.room.create', ''],
  ['m.room.power_levels', ''],
  ['m.room.policy', ''],
];

/** What an event is judged by. Of a key that nobody has used yet there is nothing. */
const keysFor = async ({ engine, room }: Batch, event: RoomEvent): Promise<number[]> => {
  const keys = await engine.names.findStateKeys([...ALWAYS, ...authEventKeys(event, room.version)]);
  return keys.filter((key) => key !== undefined);
};

/**
 * Whether the current state says of an event what the state before it says, as far as can be told without working it out: what
 * all extremities have in common is in the resolved state.
 */
export const saysTheSame = async (batch: Batch, event: RoomEvent, before: NodeHash): Promise<boolean> => {
  const { engine, head } = batch;
  const roots = new Set(batch.isStale ? rootsOf(batch) : [head.stateRoot]);
  roots.delete(before);
  if (roots.size === 0) return true;
  const known = await keysFor(batch, event);
  const { source } = engine.state;
  const said = await getEntries(source, before, known);
  for (const root of roots) {
    const other = await getEntries(source, root, known);
    if (known.some((key) => other.get(key) !== said.get(key))) return false;
  }
  return true;
};
