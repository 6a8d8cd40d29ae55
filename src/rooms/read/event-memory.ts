// Events of timelines in memory, with what was found out about them: pages of a room are asked for again and again.
// What can change is asked of the snapshot each time: which events there are, which were redacted, whether others relate to them.

import { LruCache } from '../../lib/lru-cache.ts';
import type { ReadTx } from '../../storage/database.ts';
import {
  eventsByNid,
  redactionsBetween,
  type StoredEvent,
  type TimelineRange,
  timelinePlaces,
} from '../../storage/stores/events.ts';
import type { RelationsMark } from '../../storage/stores/relations.ts';
import type { NodeHash } from '../state-tree/state-node.ts';

/** About 2 kB each; long ones are not kept. */
const EVENTS_MAX = 10_000;
const CONTENT_LENGTH_MAX = 4096;

/** What is known of an event beside its row; undefined: not found out yet. */
export interface Remembered {
  /** Its text up to `unsigned`, with the room id. */
  opened?: string;
  root?: NodeHash;
  /** No event related to it when the room's relations stood there. */
  quietAt?: RelationsMark;
  /** The device that sent it and its transaction id; null: none of this server's. */
  transaction?: { readonly device: number; readonly txnId: string } | null;
}

export interface EventMemory {
  /** The events of a range, in its order. */
  timeline(tx: ReadTx, range: TimelineRange): Promise<StoredEvent[]>;
  /** undefined: the event is not kept. What is put in stays with the event. */
  of(event: StoredEvent): Remembered | undefined;
}

export const createEventMemory = (): EventMemory => {
  const events = new LruCache<number, StoredEvent>(EVENTS_MAX);
  const remembered = new WeakMap<StoredEvent, Remembered>();

  const keep = (event: StoredEvent): void => {
    if (event.content.length > CONTENT_LENGTH_MAX) return;
    events.set(event.nid, event);
    remembered.set(event, {});
  };

  return {
    of: (event) => remembered.get(event),
    async timeline(tx, range) {
      const places = await timelinePlaces(tx, range);
      if (places.nids.length === 0) return [];
      const redactions = await redactionsBetween(tx, range.room, places.first, places.last);
      const found = new Map<number, StoredEvent>();
      const absent: number[] = [];
      for (const nid of places.nids) {
        const event = events.get(nid);
        if (event && event.redactedBy === (redactions.get(nid) ?? null)) found.set(nid, event);
        else absent.push(nid);
      }
      for (const event of await eventsByNid(tx, absent)) {
        keep(event);
        found.set(event.nid, event);
      }
      return places.nids.map((nid) => found.get(nid)!);
    },
  };
};
