// The number on an app's icon: unread notifications over all rooms. Counted anew only for rooms in which something happened.

import { LruCache } from '../lib/lru-cache.ts';
import type { Database } from '../storage/database.ts';
import { roomsToCount } from '../storage/stores/notified-events.ts';
import { roomsOfOwnReceipts } from '../storage/stores/receipts.ts';
import { unreadCounts } from '../storage/stores/unread-counts.ts';
import type { Stream } from '../stream/stream.ts';

interface Badge {
  upTo: number;
  /** Rooms with something unread. */
  readonly byRoom: Map<number, number>;
}

const USERS_MAX = 5_000;
const TOLD_MAX = 50_000;

export const createBadges = ({ db, stream }: { db: Database; stream: Stream }) => {
  const known = new LruCache<number, Badge>(USERS_MAX);

  /** What gateways were told last. */
  const told = new LruCache<number, { readonly unread: number }>(TOLD_MAX);

  /** As of now. */
  const count = (user: number): Promise<number> =>
    db.read(async (tx) => {
      const badge = known.get(user) ?? { upTo: 0, byRoom: new Map<number, number>() };
      const upTo = stream.head;
      const changed = await roomsToCount(tx, user, badge.upTo);
      const joined = new Map(changed.map(({ room, isJoined }) => [room, isJoined]));
      for (const room of await roomsOfOwnReceipts(tx, user, badge.upTo, upTo)) {
        // A receipt alone changes rooms that are counted already.
        if (!joined.has(room) && badge.byRoom.has(room)) joined.set(room, true);
      }
      for (const [room, isJoined] of joined) {
        const count = isJoined ? (await unreadCounts(tx, user, room, upTo)).notificationCount : 0;
        if (count > 0) badge.byRoom.set(room, count);
        else badge.byRoom.delete(room);
      }
      badge.upTo = upTo;
      known.set(user, badge);
      let total = 0;
      for (const count of badge.byRoom.values()) total += count;
      return total;
    });

  return {
    count,
    noteTold(user: number, unread: number): void {
      told.set(user, { unread });
    },
    /** undefined: not known. */
    toldOf: (user: number): number | undefined => told.get(user)?.unread,
  };
};

export type Badges = ReturnType<typeof createBadges>;
