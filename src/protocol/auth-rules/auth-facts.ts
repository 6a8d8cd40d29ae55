// The loaded facts one event is judged on: a state as a lookup, and what was learnt about its signatures.

import type { RoomEvent } from '../events/room-event.ts';
import type { ServerName } from '../ids/branded.ts';

export interface AuthFacts {
  /**
   * The state event under a type and state key in the state the event is judged against (its auth events, the state
   * before it, or the current state). It always knows m.room.create, also in version 12, where no event refers to it.
   */
  state(type: string, stateKey: string): RoomEvent | undefined;
  /**
   * Whether the event carries a valid signature of this server. Asked only for the server that authorised a
   * restricted join (since version 8). An event already received has passed this check.
   */
  signedBy(server: ServerName): boolean;
}

/** An entry of an event's auth_events. `rejected`: it was itself rejected on receipt. */
export interface AuthEvent {
  readonly event: RoomEvent;
  readonly rejected: boolean;
}

/** The facts for the pass against an event's own auth events. `create` is added where the version has it left out. */
export function factsOfAuthEvents(
  authEvents: readonly AuthEvent[],
  create: RoomEvent | undefined,
  signedBy: AuthFacts['signedBy'],
): AuthFacts {
  return {
    state(type, stateKey) {
      for (const { event } of authEvents) if (event.type === type && event.stateKey === stateKey) return event;
      return type === 'm.room.create' && stateKey === '' ? create : undefined;
    },
    signedBy,
  };
}
