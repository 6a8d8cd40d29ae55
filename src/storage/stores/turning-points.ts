// State events after which more is to be done than to tell of them.

import type { RoomId, UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx } from '../database.ts';

export interface TurningPoint {
  readonly roomId: RoomId;
  readonly type: string;
  readonly sender: UserId;
  /** JSON text. */
  readonly content: string;
}

/** m.room.guest_access and m.room.tombstone with the empty state key, in the order of the timelines. */
export const turningPointsBetween = (tx: ReadTx, after: number, upTo: number): Promise<TurningPoint[]> =>
  tx.all(
    `SELECT r.room_id AS "roomId", k.type AS "type", u.user_id AS "sender", e.content AS "content"
     FROM events e JOIN rooms r ON r.nid = e.room JOIN users u ON u.nid = e.sender JOIN state_keys k ON k.nid = e.state_key
     WHERE e.position > ? AND e.position <= ? AND e.state_key IN (
       SELECT nid FROM state_keys WHERE type IN ('m.room.guest_access', 'm.room.tombstone') AND state_key = '')
     ORDER BY e.position`,
    after,
    upTo,
  );
