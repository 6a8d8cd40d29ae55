// The events and auth edges handed to a resolution, remembering what was asked for and not there.

import type { RoomEvent } from '../events/room-event.ts';
import type { EventId } from '../ids/branded.ts';
import type { ResolutionInput } from './resolution.ts';

export interface GivenEvents {
  readonly missing: Set<EventId>;
  event(id: EventId): RoomEvent | undefined;
  authEventsOf(id: EventId): readonly EventId[];
  isRejected(id: EventId): boolean;
  /** The first of the event's auth events of this type and state key. */
  authEvent(event: RoomEvent, type: string, stateKey: string): RoomEvent | undefined;
}

export function givenEvents(input: ResolutionInput): GivenEvents {
  const missing = new Set<EventId>();
  const find = (id: EventId): RoomEvent | undefined => {
    const event = input.event(id);
    if (event === undefined) missing.add(id);
    return event;
  };
  return {
    missing,
    event: find,
    isRejected: (id) => input.isRejected(id),
    authEventsOf: (id) => input.authEventsOf?.(id) ?? find(id)?.authEvents ?? [],
    authEvent(event, type, stateKey) {
      for (const id of event.authEvents) {
        const authEvent = find(id);
        if (authEvent?.type === type && authEvent.stateKey === stateKey) return authEvent;
      }
      return undefined;
    },
  };
}
