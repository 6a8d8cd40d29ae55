// What membership asks of others.

import type { RoomId, UserId } from '../protocol/ids/branded.ts';

/** Whom an application service may bring to life when somebody invites them. */
export interface LatentUsers {
  /** The id of the application service that claims this user id for itself alone. */
  exclusiveOwnerOf(userId: UserId): string | undefined;
}

/** A user's push rules for single rooms. */
export interface RoomPushRules {
  /** Gives `to` the rules that the user has for `from`, where they have none for it yet. */
  copyRoomRules(user: number, from: RoomId, to: RoomId): Promise<void>;
}
