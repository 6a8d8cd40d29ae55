// States of rooms: trees of state-key nids to event nids, read through one memory of nodes and one of state events.

import { LruCache } from '../../lib/lru-cache.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { RoomEvent } from '../../protocol/events/room-event.ts';
import type { EventId } from '../../protocol/ids/branded.ts';
import type { Database, ReadTx } from '../../storage/database.ts';
import { eventsByNid, type StoredEvent } from '../../storage/stores/events.ts';
import { stateNodes } from '../../storage/stores/state-nodes.ts';
import type { Names } from '../names.ts';
import type { RoomRef } from '../room-ref.ts';
import type { NodeSource } from '../state-tree/fetch-nodes.ts';
import { allEntries, getEntries } from '../state-tree/read-entries.ts';
import type { NodeHash } from '../state-tree/state-node.ts';
import { StateNodes } from '../state-tree/state-nodes.ts';

/** Decoded tree nodes in memory, about 1 kB each. */
const NODES_MAX = 20_000;
/** State events in memory, about 1 kB each. */
const STATE_EVENTS_MAX = 20_000;

export type StateKeyPair = readonly [type: string, stateKey: string];

export interface RoomState {
  readonly nodes: StateNodes;
  /** Reads nodes that are not in memory in a transaction of its own. */
  readonly source: NodeSource;
  /** Reads nodes inside a transaction that is open already. */
  sourceIn(tx: ReadTx): NodeSource;
  /** The events under some keys of a state; absent keys are absent. The key of the map is the pair's index. */
  pick(room: RoomRef, root: NodeHash, pairs: readonly StateKeyPair[]): Promise<(RoomEvent | undefined)[]>;
  /** Every entry of a state: state-key nid → event nid. */
  entries(root: NodeHash): Promise<Map<number, number>>;
  /** Remembers a state event by its nid, also before it is committed. */
  remember(nid: number, event: RoomEvent): void;
  /** Reads the event anew when it is asked for again. */
  forget(nid: number): void;
  /** State events by their nids, in order; throws when one is not stored. */
  eventsOf(room: RoomRef, nids: readonly number[]): Promise<RoomEvent[]>;
}

// A copy of its own: small Buffers share one large pool, which crossing to the writer thread would copy whole.
export const hashToBytes = (hash: NodeHash): Uint8Array => new Uint8Array(Buffer.from(hash, 'hex'));
export const bytesToHash = (bytes: Uint8Array): NodeHash =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');

const loadNodes = async (tx: ReadTx, hashes: readonly NodeHash[]): Promise<Map<NodeHash, Uint8Array>> => {
  const rows = await stateNodes(tx, hashes.map(hashToBytes));
  return new Map(rows.map((row) => [bytesToHash(row.hash), row.body]));
};

/** For who reads a state once, outside the room engine. */
export const stateNodeSource = (tx: ReadTx): NodeSource => ({
  nodes: new StateNodes(0),
  load: (hashes) => loadNodes(tx, hashes),
});

export const createRoomState = (deps: { db: Database; names: Names; onForget?: (nid: number) => void }): RoomState => {
  const { db, names, onForget } = deps;
  const nodes = new StateNodes(NODES_MAX);
  const events = new LruCache<number, RoomEvent>(STATE_EVENTS_MAX);
  const source: NodeSource = { nodes, load: (hashes) => db.read((tx) => loadNodes(tx, hashes)) };

  const eventsOf: RoomState['eventsOf'] = async (room, nids) => {
    const found = nids.map((nid) => events.get(nid));
    const absent = nids.filter((_, index) => found[index] === undefined);
    if (absent.length === 0) return found as RoomEvent[];
    const rows = await db.read((tx) => eventsByNid(tx, absent));
    const byNid = new Map(rows.map((row) => [row.nid, toRoomEvent(row, room)]));
    return nids.map((nid, index) => {
      const event = found[index] ?? byNid.get(nid);
      if (!event) throw new Error(`the state of ${room.roomId} names event ${nid}, which is not stored`);
      events.set(nid, event);
      return event;
    });
  };

  return {
    nodes,
    source,
    sourceIn: (tx) => ({ nodes, load: (hashes) => loadNodes(tx, hashes) }),
    entries: (root) => allEntries(source, root),
    remember: (nid, event) => events.set(nid, event),
    forget: (nid) => {
      events.delete(nid);
      onForget?.(nid);
    },
    eventsOf,
    async pick(room, root, pairs) {
      const keys = await names.findStateKeys(pairs);
      const known = keys.filter((key) => key !== undefined);
      const entries = await getEntries(source, root, known);
      const nids = keys.map((key) => (key === undefined ? undefined : entries.get(key)));
      const picked = await eventsOf(
        room,
        nids.filter((nid) => nid !== undefined),
      );
      let at = 0;
      return nids.map((nid) => (nid === undefined ? undefined : picked[at++]));
    },
  };
};

interface Rest {
  readonly prev_events?: readonly (EventId | readonly [EventId, unknown])[];
  readonly auth_events?: readonly (EventId | readonly [EventId, unknown])[];
  readonly redacts?: EventId;
}

const idsOf = (references: Rest['prev_events']): EventId[] =>
  (references ?? []).map((reference) => (typeof reference === 'string' ? reference : reference[0]));

/** A stored event as the pure core reads it. */
export const toRoomEvent = (stored: StoredEvent, room: Pick<RoomRef, 'roomId' | 'version'>): RoomEvent => {
  const rest = JSON.parse(stored.rest) as Rest;
  const content = JSON.parse(stored.content) as JsonObject;
  const redacts = room.version.redactsInContent ? content.redacts : rest.redacts;
  return {
    eventId: stored.eventId,
    roomId: room.roomId,
    type: stored.type,
    stateKey: stored.stateKey,
    sender: stored.sender,
    content,
    originServerTs: stored.originServerTs,
    depth: stored.depth,
    prevEvents: idsOf(rest.prev_events),
    authEvents: idsOf(rest.auth_events),
    redacts: stored.type === 'm.room.redaction' && typeof redacts === 'string' ? (redacts as EventId) : undefined,
  };
};
