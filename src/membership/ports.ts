// What membership asks of others.

import type { RoomId } from '../protocol/ids/branded.ts';

/** A user's push rules for single rooms. */
export interface RoomPushRules {
  /** Gives `to` the rules that the user has for `from`, where they have none for it yet. */
  copyRoomRules(user: number, from: RoomId, to: RoomId): Promise<void>;
}
