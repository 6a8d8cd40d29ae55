// An event as the pure core reads it: the wire form's fields under one shape for every room version.

import type { EventId, RoomId, UserId } from '../ids/branded.ts';
import type { JsonObject } from './json.ts';

/** A parsed, well-formed event of any room version. `content` is shared and must never be mutated. */
export interface RoomEvent {
  readonly eventId: EventId;
  /** In version 12 the create event's own room id is derived from its event id. */
  readonly roomId: RoomId;
  readonly type: string;
  /** undefined: not a state event. */
  readonly stateKey: string | undefined;
  readonly sender: UserId;
  readonly content: JsonObject;
  /** Milliseconds since the epoch as its sender claims. */
  readonly originServerTs: number;
  readonly depth: number;
  readonly prevEvents: readonly EventId[];
  readonly authEvents: readonly EventId[];
  /** The redacted event, wherever the room version keeps it. */
  readonly redacts: EventId | undefined;
}
