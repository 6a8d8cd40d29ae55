// Which events are here and what became of them, remembered so that the events that follow do not ask the database; also
// those on their way to the disk.

import { LruCache } from '../../lib/lru-cache.ts';
import type { RoomEvent } from '../../protocol/events/room-event.ts';
import type { EventId } from '../../protocol/ids/branded.ts';
import type { Database, ReadTx } from '../../storage/database.ts';
import type { VerdictCode } from '../../storage/stores/persist.ts';
import { type KnownEventRow, knownEvents } from '../../storage/stores/received-events.ts';
import { bytesToHash } from '../state/room-state.ts';
import type { NodeHash } from '../state-tree/state-node.ts';

export interface KnownEvent {
  readonly nid: number;
  readonly eventId: EventId;
  readonly room: number;
  readonly verdict: VerdictCode;
  /** Root of the state after it; undefined: not known. */
  readonly root: NodeHash | undefined;
  readonly depth: number;
  /** nid of (type, state key); null: no state. */
  readonly stateKey: number | null;
  readonly thread: number | null;
  /** Whether it has a place in the timeline. */
  readonly isPlaced: boolean;
}

export interface KnownEvents {
  /** Those that are here. `tx`: a read that is open already. */
  of(eventIds: Iterable<EventId>, tx?: ReadTx): Promise<Map<EventId, KnownEvent>>;
  /** An event that is about to be written. */
  begin(known: KnownEvent, event: RoomEvent): void;
  /** It is on disk, or (false) it never will be. */
  end(eventId: EventId, isStored: boolean): void;
  /** Events that are not on disk yet. */
  readonly underWay: ReadonlyMap<EventId, RoomEvent>;
}

/** About 300 bytes each. */
const KNOWN_MAX = 20_000;

export interface KnownEventsDeps {
  readonly db: Database;
  /** What is known of an event is another now. */
  readonly onChange: (nid: number) => void;
  /** Events that were about to be written never will be. */
  readonly onLoss: () => void;
}

export const createKnownEvents = ({ db, onChange, onLoss }: KnownEventsDeps): KnownEvents => {
  const known = new LruCache<EventId, KnownEvent>(KNOWN_MAX);
  const underWay = new Map<EventId, RoomEvent>();
  return {
    underWay,
    async of(eventIds, tx) {
      const found = new Map<EventId, KnownEvent>();
      const absent: EventId[] = [];
      for (const eventId of new Set(eventIds)) {
        const there = known.get(eventId);
        if (there) found.set(eventId, there);
        else absent.push(eventId);
      }
      if (absent.length === 0) return found;
      const rows = await (tx ? knownEvents(tx, absent) : db.read((own) => knownEvents(own, absent)));
      for (const row of rows) {
        // What began meanwhile is newer than what was read.
        const event = known.get(row.eventId) ?? decoded(row);
        known.set(row.eventId, event);
        found.set(row.eventId, event);
      }
      return found;
    },
    begin(event, roomEvent) {
      known.set(event.eventId, event);
      underWay.set(event.eventId, roomEvent);
      onChange(event.nid);
    },
    end(eventId, isStored) {
      underWay.delete(eventId);
      if (isStored) return;
      known.delete(eventId);
      onLoss();
    },
  };
};

const decoded = ({ stateRoot, position, ...row }: KnownEventRow): KnownEvent => ({
  ...row,
  root: stateRoot === null ? undefined : bytesToHash(stateRoot),
  isPlaced: position !== null,
});
