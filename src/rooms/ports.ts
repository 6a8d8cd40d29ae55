// What the room engine asks of parts above it.

import type { RoomEvent } from '../protocol/events/room-event.ts';
import type { RoomVersion } from '../protocol/room-versions/room-version.ts';
import type { NotificationRow } from '../storage/stores/persist.ts';

/** What is known of the room when an event is judged for notifications. */
export interface NotificationContext {
  readonly room: number;
  readonly version: RoomVersion;
  readonly powerLevels: RoomEvent | undefined;
  readonly create: RoomEvent | undefined;
  readonly sender: number;
  /** Hash of the state before the event. */
  readonly stateRoot: string;
}

export interface NotificationOutcome {
  /** Whether members with default push rules are notified. */
  readonly notifies: boolean;
  /** Whether it is highlighted for all whom it notifies by default (a mention of the whole room). */
  readonly highlights: boolean;
  /** Users of this server for whom it is otherwise. */
  readonly exceptions: readonly NotificationRow[];
}

export interface NotificationPort {
  judge(event: RoomEvent, context: NotificationContext): Promise<NotificationOutcome>;
}
