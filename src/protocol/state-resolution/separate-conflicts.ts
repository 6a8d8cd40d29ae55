// Splits states into what they agree on and what they do not: "Unconflicted state map and conflicted state set".

import type { EventId } from '../ids/branded.ts';
import type { StateMap } from './resolution.ts';
import type { StateKey } from './state-key.ts';

export interface SeparatedState {
  readonly unconflicted: Map<StateKey, EventId>;
  /** The events of every conflicted key, without duplicates. */
  readonly conflicted: Map<StateKey, Set<EventId>>;
}

/**
 * Since v2: "If a given key K is present in every Sᵢ with the same value V in each state map, then the pair (K, V) belongs
 * to the unconflicted state map. Otherwise, V belongs to the conflicted state set."
 * v1 (`absenceConflicts` false): a conflict is between "different event_ids for the same (event_type, state_key)".
 */
export function separateConflicts(stateSets: readonly StateMap[], absenceConflicts: boolean): SeparatedState {
  const unconflicted = new Map<StateKey, EventId>();
  const conflicted = new Map<StateKey, Set<EventId>>();
  const inSets = new Map<StateKey, number>();
  for (const stateSet of stateSets) {
    for (const [key, id] of stateSet) {
      inSets.set(key, (inSets.get(key) ?? 0) + 1);
      const ids = conflicted.get(key);
      const before = unconflicted.get(key);
      if (ids !== undefined) ids.add(id);
      else if (before === undefined) unconflicted.set(key, id);
      else if (before !== id) {
        unconflicted.delete(key);
        conflicted.set(key, new Set([before, id]));
      }
    }
  }
  if (!absenceConflicts) return { unconflicted, conflicted };
  for (const [key, id] of unconflicted) {
    if (inSets.get(key) === stateSets.length) continue;
    unconflicted.delete(key);
    conflicted.set(key, new Set([id]));
  }
  return { unconflicted, conflicted };
}
