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
}

export interface NotificationOutcome {
  /** Whether members with default push rules are notified. */
  readonly notifies: boolean;
  /** Members of this server for whom it is otherwise, or who are highlighted. */
  readonly exceptions: readonly NotificationRow[];
}

export interface NotificationPort {
  judge(event: RoomEvent, context: NotificationContext): Promise<NotificationOutcome>;
}
