// What is unread in a room, for /sync and for the badges of push notifications.

import type { EventId } from '../protocol/ids/branded.ts';
import type { ReadTx } from '../storage/database.ts';
import { eventIdsOf } from '../storage/stores/events.ts';
import { unreadCounts as storedCounts, type UnreadCount } from '../storage/stores/unread-counts.ts';

export interface Unread extends UnreadCount {
  /**
   * In the main timeline alone, for filters with `unread_thread_notifications`; the counts beside it are of the whole room, for
   * all others.
   */
  readonly main: UnreadCount;
  /** By the thread's root event; threads with nothing unread are absent. */
  readonly threads: ReadonlyMap<EventId, UnreadCount>;
}

const noThreads: ReadonlyMap<EventId, UnreadCount> = new Map();

/** Of a local user (nid) who is joined to the room (nid), as of a stream position. */
export const unreadCounts = async (tx: ReadTx, user: number, room: number, upTo: number): Promise<Unread> => {
  const { threads, ...counts } = await storedCounts(tx, user, room, upTo);
  if (threads.size === 0) return { ...counts, threads: noThreads };
  const eventIds = await eventIdsOf(tx, [...threads.keys()]);
  const byEventId = new Map<EventId, UnreadCount>();
  for (const [nid, count] of threads) {
    const eventId = eventIds.get(nid);
    if (eventId !== undefined) byEventId.set(eventId, count);
  }
  return { ...counts, threads: byEventId };
};
