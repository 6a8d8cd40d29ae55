// State resolution of room versions 2 to 11 (v2) and 12 (v2.1).

import type { RoomEvent } from '../events/room-event.ts';
import type { EventId } from '../ids/branded.ts';
import { authChain, authDifference, conflictedStateSubgraph } from './auth-chain.ts';
import { type GivenEvents, givenEvents } from './given-events.ts';
import { iterativeAuthChecks, type PartialState } from './iterative-auth-checks.ts';
import { mainlineOrdering } from './mainline-ordering.ts';
import { isPowerEvent, reverseTopologicalPowerOrdering } from './power-ordering.ts';
import type { Resolution, ResolutionInput } from './resolution.ts';
import { type SeparatedState, separateConflicts } from './separate-conflicts.ts';
import { type StateKey, stateKeyOf } from './state-key.ts';

export function resolveV2(input: ResolutionInput): Resolution {
  const separated = separateConflicts(input.stateSets, true);
  const given = givenEvents(input);
  if (separated.conflicted.size === 0) {
    return { state: separated.unconflicted, conflicts: new Set(), dropped: [], missing: given.missing };
  }
  const unconflicted = (key: StateKey): EventId | undefined =>
    separated.unconflicted.get(key) ?? input.common?.get(key);
  const conflicts = fullConflictedSet(input, separated, given);
  const partial: PartialState = {
    version: input.version,
    create: input.create,
    given,
    // Until v11: "starting from the unconflicted state map". Since v12: "starting from an empty state map".
    initial: input.version.stateResolution === 'v2.1' ? () => undefined : (key) => eventOf(unconflicted(key), given),
    resolved: new Map(),
    dropped: [],
  };
  // "1. Select the set X of all power events that appear in the full conflicted set. … Sort X into a list using the
  // reverse topological power ordering."
  const powerEvents = withConflictedAuthChains(conflicts, given);
  // "2. Apply the iterative auth checks algorithm … to the list of events from the previous step."
  const { version, create } = input;
  iterativeAuthChecks(partial, reverseTopologicalPowerOrdering(powerEvents, version, create, given));
  // "3. Take all remaining events that weren't picked in step 1 and order them by the mainline ordering based on the power
  // level in the partially resolved state obtained in step 2."
  // (Since v12 that state has power levels only when they were in conflict; else there is no mainline and time decides.)
  const powerLevelsKey = stateKeyOf('m.room.power_levels', '');
  const powerLevels = partial.resolved.get(powerLevelsKey) ?? partial.initial(powerLevelsKey);
  const remaining = [...conflicts.values()].filter((event) => !powerEvents.has(event.eventId));
  // "4. Apply the iterative auth checks algorithm on the partial resolved state and the list from the previous step."
  iterativeAuthChecks(partial, mainlineOrdering(remaining, powerLevels, given));
  // "5. Update the result by replacing any event with the event with the same key from the unconflicted state map, if such
  // an event exists, to get the final resolved state."
  const state = new Map(separated.unconflicted);
  for (const [key, event] of partial.resolved) if (unconflicted(key) === undefined) state.set(key, event.eventId);
  return { state, conflicts: new Set(conflicts.keys()), dropped: partial.dropped, missing: given.missing };
}

/** "The union of the conflicted state set and the auth difference"; since v12 also of the conflicted state subgraph. */
function fullConflictedSet(
  input: ResolutionInput,
  separated: SeparatedState,
  given: GivenEvents,
): Map<EventId, RoomEvent> {
  const conflictedStateSet = new Set<EventId>();
  for (const ids of separated.conflicted.values()) for (const id of ids) conflictedStateSet.add(id);
  const ids = new Set(conflictedStateSet);
  for (const id of input.authDifference ?? differenceOf(input, separated, given)) ids.add(id);
  if (input.version.stateResolution === 'v2.1') {
    for (const id of conflictedStateSubgraph(conflictedStateSet, given.authEventsOf)) ids.add(id);
  }
  const events = new Map<EventId, RoomEvent>();
  for (const id of ids) {
    const event = given.event(id);
    if (event !== undefined) events.set(id, event);
  }
  return events;
}

function differenceOf(
  { stateSets, common }: ResolutionInput,
  { conflicted, unconflicted }: SeparatedState,
  given: GivenEvents,
): Set<EventId> {
  const isInCommon = (id: EventId): boolean => common?.reaches(id) === true;
  const ofUnconflicted = authChain(unconflicted.values(), given.authEventsOf, isInCommon);
  const isCommon = (id: EventId): boolean => ofUnconflicted.has(id) || isInCommon(id);
  const conflictedOfEach = stateSets.map((stateSet) =>
    [...conflicted.keys()].flatMap((key) => stateSet.get(key) ?? []),
  );
  return authDifference(conflictedOfEach, given.authEventsOf, isCommon);
}

/** "For each such power event P, enlarge X by adding the events in the auth chain of P which also belong to the full set." */
function withConflictedAuthChains(
  conflicts: ReadonlyMap<EventId, RoomEvent>,
  given: GivenEvents,
): Map<EventId, RoomEvent> {
  const powerEvents = [...conflicts.values()].filter(isPowerEvent).map((event) => event.eventId);
  // Through conflicted events only, as servers do it. Since v12 no chain leaves the set and comes back: what is between
  // is in the conflicted state subgraph.
  const chain = authChain(powerEvents, given.authEventsOf, (id) => !conflicts.has(id));
  return new Map(Array.from(chain, (id) => [id, conflicts.get(id)!]));
}

function eventOf(id: EventId | undefined, given: GivenEvents): RoomEvent | undefined {
  return id === undefined ? undefined : given.event(id);
}
