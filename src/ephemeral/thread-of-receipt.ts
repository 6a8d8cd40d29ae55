// Whether an event may be marked as read in a thread. Client-Server API, "Threaded read receipts".

import { invalidParam } from '../protocol/errors/matrix-error.ts';
import type { ReadTx } from '../storage/database.ts';
import { eventById, eventsByNid, type StoredEvent } from '../storage/stores/events.ts';
import { MAIN_THREAD, WHOLE_ROOM } from '../storage/stores/read-marks.ts';
import { relationTargetOf } from '../storage/stores/receipts.ts';

/** "a maximum of 3 hops is recommended to cover indirect relationships" */
const HOPS_MAX = 3;

/** The form of `thread_id`. Throws M_INVALID_PARAM. */
export const checkThreadId = (threadId: unknown): string => {
  if (typeof threadId !== 'string' || threadId === '') throw invalidParam('thread_id must be a non-empty string.');
  if (threadId !== 'main' && !threadId.startsWith('$')) throw invalidParam('thread_id must be main or an event ID.');
  return threadId;
};

const isRelatedTo = async (tx: ReadTx, event: StoredEvent, rootId: string): Promise<boolean> => {
  let { nid } = event;
  for (let hop = 0; hop < HOPS_MAX; hop++) {
    const target = await relationTargetOf(tx, nid);
    if (target === undefined) return false;
    if (target === rootId) return true;
    const next = await eventById(tx, target);
    if (!next || next.room !== event.room) return false;
    ({ nid } = next);
  }
  return false;
};

/** The thread that a receipt counts for: WHOLE_ROOM, MAIN_THREAD or the nid of its root. Throws M_INVALID_PARAM for an event elsewhere. */
export const threadOfReceipt = async (
  tx: ReadTx,
  event: StoredEvent,
  threadId: string | undefined,
): Promise<number> => {
  if (threadId === undefined) return WHOLE_ROOM;
  if (threadId === 'main') {
    // "Thread roots are considered to be in the main timeline, as are events that are related to a thread root via
    // non-thread relations."
    if (event.thread !== null) throw invalidParam('The event is in a thread, not in the main timeline.');
    return MAIN_THREAD;
  }
  const root = await eventById(tx, threadId);
  if (!root || root.room !== event.room) throw invalidParam('There is no such thread in the room.');
  if (event.nid === root.nid || event.thread === root.nid || (await isRelatedTo(tx, event, threadId))) return root.nid;
  const [inThread] = event.thread === null ? [] : await eventsByNid(tx, [event.thread]);
  throw invalidParam(inThread ? `The event is in the thread ${inThread.eventId}.` : 'The event is not in the thread.');
};
