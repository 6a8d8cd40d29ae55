// `unread_notifications` of a room, and of its threads for clients that ask. Client-Server API, "Receiving notifications".

import type { ReadTx } from '../../storage/database.ts';
import { eventIdsOf } from '../../storage/stores/events.ts';
import { type UnreadCount, unreadCounts } from '../../storage/stores/unread-counts.ts';

const countText = ({ notificationCount, highlightCount }: UnreadCount): string =>
  `{"highlight_count":${highlightCount},"notification_count":${notificationCount}}`;

/** `"unread_notifications":{…}`; with `byThread` of the main timeline alone, and `"unread_thread_notifications":{…}` of the others. */
export const unreadMembers = async (
  tx: ReadTx,
  user: number,
  room: number,
  now: number,
  byThread: boolean,
): Promise<string[]> => {
  const counts = await unreadCounts(tx, user, room, now);
  if (!byThread) return [`"unread_notifications":${countText(counts)}`];
  const members = [`"unread_notifications":${countText(counts.main)}`];
  if (counts.threads.size > 0) {
    const roots = await eventIdsOf(tx, [...counts.threads.keys()]);
    const texts = [...counts.threads].flatMap(([root, count]) => {
      const eventId = roots.get(root);
      return eventId === undefined ? [] : [`${JSON.stringify(eventId)}:${countText(count)}`];
    });
    members.push(`"unread_thread_notifications":{${texts.join(',')}}`);
  }
  return members;
};
