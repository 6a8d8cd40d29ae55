// Builds a state by judging events one after the other: "Iterative auth checks", room versions 2 to 12.

import type { AuthFacts } from '../auth-rules/auth-facts.ts';
import { authoriseEvent } from '../auth-rules/authorise-event.ts';
import type { RoomEvent } from '../events/room-event.ts';
import type { RoomVersion } from '../room-versions/room-version.ts';
import type { GivenEvents } from './given-events.ts';
import type { DroppedEvent } from './resolution.ts';
import { type StateKey, stateKeyOf } from './state-key.ts';

export interface PartialState {
  readonly version: RoomVersion;
  readonly create: RoomEvent;
  readonly given: GivenEvents;
  /** The state the checks start from. Until v11 the unconflicted state map; since v12 empty. */
  initial(key: StateKey): RoomEvent | undefined;
  /** What was allowed so far, over `initial`. */
  readonly resolved: Map<StateKey, RoomEvent>;
  readonly dropped: DroppedEvent[];
}

/**
 * "… constructs a new room state by iterating through the event list and applying the state event to the room state if the
 * state event is allowed by the authorisation rules. If the state event is not allowed, then the event is ignored."
 */
export function iterativeAuthChecks(partial: PartialState, events: readonly RoomEvent[]): void {
  const keyOf = rememberingKeys();
  for (const event of events) {
    if (event.stateKey === undefined) continue;
    const verdict = authoriseEvent(event, partial.version, factsFor(event, partial, keyOf));
    if (verdict.ok) partial.resolved.set(keyOf(event.type, event.stateKey), event);
    else partial.dropped.push({ eventId: event.eventId, verdict });
  }
}

type KeyOf = typeof stateKeyOf;

/** The same few keys are asked for over and over: a text that was joined once is found faster than a new one. */
function rememberingKeys(): KeyOf {
  const byType = new Map<string, Map<string, StateKey>>();
  return (type, stateKey) => {
    const ofType = byType.get(type) ?? new Map<string, StateKey>();
    const known = ofType.get(stateKey);
    if (known !== undefined) return known;
    const key = stateKeyOf(type, stateKey);
    byType.set(type, ofType.set(stateKey, key));
    return key;
  };
}

function factsFor(
  event: RoomEvent,
  { version, create, given, initial, resolved }: PartialState,
  keyOf: KeyOf,
): AuthFacts {
  return {
    state(type, stateKey) {
      // Since v12 no event refers to its create event, but the room id does.
      if (version.roomIdIsCreateHash && type === 'm.room.create') return create;
      const key = keyOf(type, stateKey);
      const present = resolved.get(key) ?? initial(key);
      // "Rejected auth events are deliberately excluded from use in the iterative auth checks."
      if (present !== undefined && !given.isRejected(present.eventId)) return present;
      // "If a (event_type, state_key) key that is required for checking the authorisation rules is not present in the
      // state, then the appropriate state event from the event's auth_events is used if the auth event is not rejected."
      const authEvent = given.authEvent(event, type, stateKey);
      return authEvent === undefined || given.isRejected(authEvent.eventId) ? undefined : authEvent;
    },
    // Checked when the event was received: one without it is not in any state.
    signedBy: () => true,
  };
}
