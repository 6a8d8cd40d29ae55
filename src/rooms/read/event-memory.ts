// Events of timelines in memory, with what was found out about them: pages of a room are asked for again and again.
// What can change is asked of the snapshot each time: which events there are, which were redacted, whether others relate to them.

import type { ReadTx } from '../../storage/database.ts';
import {
  eventsByNid,
  redactionsBetween,
  type StoredEvent,
  type TimelineRange,
  timelinePlaces,
} from '../../storage/stores/events.ts';
import type { RelationsMark } from '../../storage/stores/relations.ts';
import { redactedAmong } from '../../storage/stores/sync-rooms.ts';
import type { NodeHash } from '../state-tree/state-node.ts';

/** About 2 kB each, in two generations; long ones are not kept. */
const GENERATION_MAX = 5_000;
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

const memo = Symbol('remembered');

/** What is remembered stands in the event itself, where it is found at once and goes with it. */
type Kept = StoredEvent & { readonly [memo]?: Remembered };

export interface EventMemory {
  /** The events of these nids, in no particular order. */
  byNid(tx: ReadTx, nids: readonly number[]): Promise<StoredEvent[]>;
  /** The events of a range, in its order. */
  timeline(tx: ReadTx, range: TimelineRange): Promise<StoredEvent[]>;
  /** undefined: the event is not kept. What is put in stays with the event. */
  of(event: StoredEvent): Remembered | undefined;
}

export const createEventMemory = (): EventMemory => {
  // Two generations instead of a strict order of use: a hit moves nothing, and a page is a hundred of them.
  let recent = new Map<number, Kept>();
  let older = new Map<number, Kept>();

  const put = (event: Kept): void => {
    if (recent.size >= GENERATION_MAX) {
      older = recent;
      recent = new Map();
    }
    recent.set(event.nid, event);
  };
  const get = (nid: number): Kept | undefined => {
    const event = recent.get(nid);
    if (event) return event;
    const old = older.get(nid);
    if (old) put(old);
    return old;
  };

  const read = async (tx: ReadTx, nids: readonly number[]): Promise<StoredEvent[]> => {
    const events = await eventsByNid(tx, nids);
    for (const event of events) {
      if (event.content.length <= CONTENT_LENGTH_MAX) put(Object.assign(event, { [memo]: {} }));
    }
    return events;
  };

  return {
    of: (event) => (event as Kept)[memo],
    async byNid(tx, nids) {
      const redacted = await redactedAmong(tx, nids);
      const absent: number[] = [];
      const found: StoredEvent[] = [];
      for (const nid of nids) {
        const event = get(nid);
        if (event && (event.redactedBy !== null) === redacted.has(nid)) found.push(event);
        else absent.push(nid);
      }
      return absent.length === 0 ? found : [...found, ...(await read(tx, absent))];
    },
    async timeline(tx, range) {
      const places = await timelinePlaces(tx, range);
      if (places.nids.length === 0) return [];
      const redactions = await redactionsBetween(tx, range.room, places.first, places.last);
      const absent: number[] = [];
      const events = places.nids.map((nid): StoredEvent | undefined => {
        const event = get(nid);
        if (event && event.redactedBy === (redactions.get(nid) ?? null)) return event;
        absent.push(nid);
        return undefined;
      });
      if (absent.length === 0) return events as StoredEvent[];
      const added = new Map((await read(tx, absent)).map((event) => [event.nid, event]));
      return events.map((event, index) => event ?? added.get(places.nids[index]!)!);
    },
  };
};
