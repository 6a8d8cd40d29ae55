// State resolution of room version 1, kept for rooms that still have it: it can reset state.

import { createHash } from 'node:crypto';
import { authoriseEvent } from '../auth-rules/authorise-event.ts';
import type { Verdict } from '../auth-rules/verdict.ts';
import type { RoomEvent } from '../events/room-event.ts';
import type { EventId } from '../ids/branded.ts';
import { type GivenEvents, givenEvents } from './given-events.ts';
import type { DroppedEvent, Resolution, ResolutionInput } from './resolution.ts';
import { separateConflicts } from './separate-conflicts.ts';
import { type StateKey, splitStateKey, stateKeyOf } from './state-key.ts';

/** "The results of the resolution so far": R. */
interface Results {
  readonly input: ResolutionInput;
  readonly given: GivenEvents;
  readonly state: Map<StateKey, EventId>;
  readonly dropped: DroppedEvent[];
}

export function resolveV1(input: ResolutionInput): Resolution {
  const given = givenEvents(input);
  // "Start by setting R to the union of the states to be resolved, excluding any conflicting events."
  const { unconflicted, conflicted } = separateConflicts(input.stateSets, false);
  const results: Results = { input, given, state: unconflicted, dropped: [] };
  const keysOf = (isOfPass: (key: { type: string; stateKey: string }) => boolean): StateKey[] =>
    [...conflicted.keys()].filter((key) => isOfPass(splitStateKey(key)));
  const passes = [
    // "First we resolve conflicts between m.room.power_levels events."
    keysOf(({ type, stateKey }) => type === 'm.room.power_levels' && stateKey === ''),
    // "Repeat the above process for conflicts between m.room.join_rules events."
    keysOf(({ type }) => type === 'm.room.join_rules'),
    // "Repeat the above process for conflicts between m.room.member events."
    keysOf(({ type }) => type === 'm.room.member'),
  ];
  const done = new Set(passes.flat());
  for (const keys of passes) {
    // Together, so that the order of the keys does not matter.
    const picked = keys.map((key) => [key, pickLast(results, key, sorted(conflicted.get(key)!, given))] as const);
    for (const [key, event] of picked) if (event !== undefined) results.state.set(key, event.eventId);
  }
  const others = [...conflicted.keys()].filter((key) => !done.has(key));
  const picked = others.map((key) => [key, pickNewest(results, sorted(conflicted.get(key)!, given))] as const);
  for (const [key, event] of picked) if (event !== undefined) results.state.set(key, event.eventId);
  const conflicts = new Set([...conflicted.values()].flatMap((ids) => [...ids]));
  return { state: results.state, conflicts, dropped: results.dropped, missing: given.missing };
}

/** "Sort the list by ascending depth then descending sha1(event_id)." */
function sorted(ids: Iterable<EventId>, given: GivenEvents): RoomEvent[] {
  const hashed = Array.from(ids).flatMap((id) => {
    const event = given.event(id);
    return event === undefined ? [] : [{ event, hash: createHash('sha1').update(id).digest('hex') }];
  });
  hashed.sort((x, y) => x.event.depth - y.event.depth || (x.hash < y.hash ? 1 : -1));
  return hashed.map(({ event }) => event);
}

/**
 * "Add the first event in the list to R. For each subsequent event in the list, check that the event would be allowed by
 * the authorisation rules for a room in state R. If the event would be allowed, then update R with the event and continue
 * with the next event in the list. If it would not be allowed, stop."
 */
function pickLast(results: Results, key: StateKey, events: readonly RoomEvent[]): RoomEvent | undefined {
  let current = events[0];
  for (const event of events.slice(1)) {
    if (!judge(results, event, { key, event: current! }).ok) break;
    current = event;
  }
  return current;
}

/** "Just pick the event with the highest depth and lowest sha1(event_id) that passes authentication in R." */
function pickNewest(results: Results, events: readonly RoomEvent[]): RoomEvent | undefined {
  // When none passes, servers keep the one with the lowest depth; the specification is silent.
  return events.findLast((event) => judge(results, event).ok) ?? events[0];
}

function judge(
  { input, given, state, dropped }: Results,
  event: RoomEvent,
  candidate?: { key: StateKey; event: RoomEvent },
): Verdict {
  const verdict = authoriseEvent(event, input.version, {
    state(type, stateKey) {
      const key = stateKeyOf(type, stateKey);
      if (key === candidate?.key) return candidate.event;
      const id = state.get(key) ?? input.common?.get(key);
      return id === undefined ? undefined : given.event(id);
    },
    signedBy: () => true,
  });
  if (!verdict.ok) dropped.push({ eventId: event.eventId, verdict });
  return verdict;
}
