// Some events of one room on their way through the checks: what they leave of the room, and what is to be written.

import { LruCache } from '../../lib/lru-cache.ts';
import type { RoomEvent } from '../../protocol/events/room-event.ts';
import type { EventId } from '../../protocol/ids/branded.ts';
import { isEventId } from '../../protocol/ids/event-id.ts';
import type { EventRow } from '../../storage/stores/persist.ts';
import { awaitersOf, type Follower, followersOf, redactionsWaitingFor } from '../../storage/stores/received-events.ts';
import type { Engine } from '../rooms.ts';
import type { AuthState } from '../send/auth-state.ts';
import { relationOf } from '../send/relation-of.ts';
import { hashToBytes } from '../state/room-state.ts';
import type { ChangedState } from '../state-tree/set-entries.ts';
import type { EncodedNode, NodeHash } from '../state-tree/state-node.ts';
import type { HeldNodes } from '../state-tree/state-nodes.ts';
import type { RoomHead, WarmRoom } from '../warm-rooms.ts';
import type { NamedAuthEvents } from './checks/auth-events.ts';
import type { PolicyServer } from './checks/policy-server.ts';
import type { IncomingEvent } from './incoming.ts';
import type { KnownEvent } from './known-events.ts';
import type { RoomEnds } from './room-ends.ts';
import type { StateKeyNids } from './state-key-nids.ts';

/** `outlier`: beside the timeline, judged by its auth events alone. */
export type Place = 'new' | 'history' | 'outlier';

export interface BatchOptions {
  readonly as: Place;
  readonly onMissing: 'wait' | 'judge';
  readonly statesBefore?: ReadonlyMap<EventId, readonly EventId[]>;
  readonly isForwarded?: boolean;
  /** The states are whole, even if the room is not known to be yet. */
  readonly isWhole?: boolean;
}

/** A batch may be as large as a room, whose members name each their own. */
const AUTH_EVENTS_MAX = 64;

export interface Batch {
  readonly engine: Engine;
  readonly room: WarmRoom;
  readonly options: BatchOptions;
  /** The room as the events judged so far leave it. */
  head: RoomHead;
  /** The head's extremities, once somebody looked for one. */
  ends: RoomEnds | undefined;
  /** The head's state is not that of its extremities yet: ask currentState. */
  isStale: boolean;
  /** What is here of the events, of those they name, and of those judged so far. */
  readonly known: Map<EventId, KnownEvent>;
  /** The events here that follow an event of the batch. */
  readonly followers: ReadonlyMap<EventId, readonly Follower[]>;
  /** nids of events that were rejected for want of an event of the batch. */
  readonly awaiters: ReadonlyMap<EventId, readonly number[]>;
  /** nids of redactions that came before an event of the batch. */
  readonly redactions: ReadonlyMap<EventId, readonly number[]>;
  readonly rows: EventRow[];
  /** Events that are known as being on their way to the disk. */
  readonly begun: Set<EventId>;
  /** Nids of users whom the events name. */
  readonly users: Map<string, number>;
  readonly nodes: EncodedNode[];
  readonly holds: HeldNodes[];
  /** Resolutions to forget when nothing comes of the batch. */
  readonly resolutions: string[];
  readonly toRejudge: Set<number>;
  /** By nid, state events of a room that is entered, which need not be read again: they are more than memory keeps. */
  told: ReadonlyMap<number, RoomEvent>;
  /** Roots made of states that other servers told. */
  readonly toldRoots: Map<readonly EventId[], NodeHash>;
  /** By the ids that events name. What one sender names is mostly the same. */
  readonly authEvents: LruCache<string, Promise<NamedAuthEvents>>;
  /** By root and sender, what events are judged by that are not about members. */
  readonly authStates: Map<string, Promise<AuthState>>;
  /** The bytes of roots. */
  readonly rootBytes: Map<NodeHash, Uint8Array>;
  readonly stateKeys: StateKeyNids;
  /** By root of the current state. */
  readonly policyServers: Map<NodeHash, PolicyServer | null>;
}

/** Call it under the room's lock. */
export const startBatch = async (
  engine: Engine,
  room: WarmRoom,
  events: readonly IncomingEvent[],
  options: BatchOptions,
): Promise<Batch> => {
  const ids = events.map(({ event }) => event.eventId);
  const named = events.flatMap(({ event }) => {
    const relation = relationOf(event.content);
    return [
      ...event.prevEvents,
      ...event.authEvents,
      ...(relation && isEventId(relation.target) ? [relation.target] : []),
      ...(event.redacts !== undefined && isEventId(event.redacts) ? [event.redacts] : []),
    ];
  });
  await room.latestWaiting?.catch(() => undefined);
  const stored = await engine.db.read(async (tx) => ({
    known: await engine.known.of([...ids, ...named], tx),
    followers: await followersOf(tx, ids),
    awaiters: await awaitersOf(tx, ids),
    redactions: await redactionsWaitingFor(tx, ids),
  }));
  return {
    engine,
    room,
    options,
    head: room.head,
    ends: undefined,
    isStale: false,
    known: stored.known,
    followers: grouped(stored.followers, (follower) => follower),
    awaiters: grouped(stored.awaiters, ({ event }) => event),
    redactions: grouped(stored.redactions, ({ redaction }) => redaction),
    rows: [],
    begun: new Set(),
    users: new Map(),
    nodes: [],
    holds: [],
    resolutions: [],
    toRejudge: new Set(),
    told: new Map(),
    toldRoots: new Map(),
    authEvents: new LruCache(AUTH_EVENTS_MAX),
    authStates: new Map(),
    rootBytes: new Map(),
    stateKeys: new Map(),
    policyServers: new Map(),
  };
};

const grouped = <R extends { eventId: EventId }, V>(rows: readonly R[], pick: (row: R) => V): Map<EventId, V[]> => {
  const groups = new Map<EventId, V[]>();
  for (const row of rows) {
    const group = groups.get(row.eventId);
    if (group) group.push(pick(row));
    else groups.set(row.eventId, [pick(row)]);
  }
  return groups;
};

/** Keeps the new nodes of a state for the write, and readable until then. */
export const keepState = (batch: Batch, { root, newNodes }: ChangedState): NodeHash => {
  const { nodes } = batch.engine.state;
  // A node that is in memory is stored, or will be before this write: writes of one room follow each other.
  const fresh = newNodes.filter(({ hash }) => nodes.get(hash) === undefined);
  if (fresh.length > 0) {
    batch.nodes.push(...fresh);
    batch.holds.push(nodes.hold(fresh));
  }
  return root;
};

/** One for all rows with this root: what is the same object crosses to the writer thread once. */
export const bytesOfRoot = ({ rootBytes }: Batch, root: NodeHash): Uint8Array => {
  const known = rootBytes.get(root);
  if (known) return known;
  const bytes = hashToBytes(root);
  rootBytes.set(root, bytes);
  return bytes;
};

/** Nothing came of it: nobody may stand upon it. */
export const discardBatch = (batch: Batch): void => {
  for (const hold of batch.holds) hold.discard();
  for (const key of batch.resolutions) batch.engine.resolutions.delete(key);
  for (const eventId of batch.begun) batch.engine.known.end(eventId, false);
};

export const commitBatch = (batch: Batch): void => {
  const { state, known } = batch.engine;
  for (const hold of batch.holds) hold.commit();
  for (const eventId of batch.begun) known.end(eventId, true);
  for (const row of batch.rows) {
    // The redacted form is read from the database from now on.
    if (row.redaction?.apply) state.forget(row.redaction.apply.nid);
  }
};
