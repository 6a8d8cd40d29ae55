// The room's current state while events are judged: resolved only when somebody asks for it, as most events do not.

import { authEventKeys } from '../../protocol/auth-rules/auth-event-keys.ts';
import type { RoomEvent } from '../../protocol/events/room-event.ts';
import type { StateKeyPair } from '../state/room-state.ts';
import { getEntries } from '../state-tree/read-entries.ts';
import type { NodeHash } from '../state-tree/state-node.ts';
import type { Extremity } from '../warm-rooms.ts';
import type { Batch } from './batch.ts';
import { resolved } from './state-before.ts';

/** The room has these extremities from now on; its state is worked out when it is needed. */
export const moveHead = (batch: Batch, extremities: readonly Extremity[]): void => {
  const [only] = extremities;
  batch.isStale = extremities.length > 1;
  batch.head = { ...batch.head, extremities, ...(extremities.length === 1 && { stateRoot: only!.stateRoot }) };
};

export const currentState = async (batch: Batch): Promise<NodeHash> => {
  if (batch.isStale) {
    const roots = batch.head.extremities.map(({ stateRoot }) => stateRoot);
    batch.head = { ...batch.head, stateRoot: await resolved(batch, roots) };
    batch.isStale = false;
  }
  return batch.head.stateRoot;
};

/** What every event is judged by, besides its auth events. */
const ALWAYS: readonly StateKeyPair[] = [
  ['m.room.create', ''],
  ['m.room.power_levels', ''],
  ['m.room.policy', ''],
];

/**
 * Whether the current state says of an event what the state before it says, as far as can be told without working it out: what
 * all extremities have in common is in the resolved state.
 */
export const saysTheSame = async (batch: Batch, event: RoomEvent, before: NodeHash): Promise<boolean> => {
  const { engine, head, room } = batch;
  const roots = new Set(batch.isStale ? head.extremities.map(({ stateRoot }) => stateRoot) : [head.stateRoot]);
  roots.delete(before);
  if (roots.size === 0) return true;
  const keys = await engine.names.findStateKeys([...ALWAYS, ...authEventKeys(event, room.version)]);
  const known = keys.filter((key) => key !== undefined);
  const { source } = engine.state;
  const said = await getEntries(source, before, known);
  for (const root of roots) {
    const other = await getEntries(source, root, known);
    if (known.some((key) => other.get(key) !== said.get(key))) return false;
  }
  return true;
};
