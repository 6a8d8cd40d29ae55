// What may come of a conflict, key by key: what all branches agree on stands in the resolved state; elsewhere there is one of the
// events among which the resolution chooses, or nothing. Room versions 2 to 12, "State resolution".

import type { Choice } from '../../protocol/auth-rules/allowed-by-all.ts';
import type { RoomEvent } from '../../protocol/events/room-event.ts';
import type { StateKeyPair } from '../state/room-state.ts';
import { getEntry } from '../state-tree/read-entries.ts';
import type { Batch } from './batch.ts';
import { endsOf, type WorkedOut } from './room-ends.ts';
import { nidsOf } from './state-key-nids.ts';

/** What may stand under a key of the resolved state. */
export interface Outcome extends Choice {
  /** All branches have the same event there. */
  readonly isAgreed: boolean;
  /** The branches have the same there, and no conflict brings anything else. */
  readonly isCertain: boolean;
  /** What the branches have there. */
  readonly ofBranches: readonly RoomEvent[];
  /** And all others that may stand there while the conflict is resolved. */
  readonly among: readonly RoomEvent[];
}

/** In the order of the question. What was found is remembered until an event of the key moves a branch on. */
export const outcomesOf = async (
  batch: Batch,
  { outcomes, contenders }: WorkedOut,
  pairs: readonly StateKeyPair[],
): Promise<readonly Outcome[]> => {
  const found: Outcome[] = [];
  for (const [index, key] of (await nidsOf(batch, pairs)).entries()) {
    // Of a key that nobody has used yet there is nothing.
    const known = key === undefined ? undefined : outcomes.get(key);
    const outcome = known ?? (await outcomeOf(batch, pairs[index]!, key, contenders?.get(key ?? -1)));
    if (key !== undefined) outcomes.set(key, outcome);
    found.push(outcome);
  }
  return found;
};

const outcomeOf = async (
  batch: Batch,
  [type, stateKey]: StateKeyPair,
  key: number | undefined,
  contenders: ReadonlySet<number> = new Set(),
): Promise<Outcome> => {
  const { engine, room } = batch;
  const values = new Set<number | undefined>();
  for (const root of endsOf(batch).roots.keys()) {
    values.add(key === undefined ? undefined : await getEntry(engine.state.source, root, key));
  }
  const there = [...values].filter((nid) => nid !== undefined);
  const isAgreed = values.size === 1 && there.length === 1;
  const among = await engine.state.eventsOf(room, [...contenders.union(new Set(there))]);
  const ofBranches = await engine.state.eventsOf(room, there);
  return {
    type,
    stateKey,
    isAgreed,
    isCertain: isAgreed || (values.size === 1 && contenders.size === 0),
    ofBranches,
    among,
    // Nothing first, as it is refused most often.
    events: isAgreed ? ofBranches : [undefined, ...among],
  };
};
