// Reading rooms for people: which events they may see, and the texts they get. Used by every endpoint that shows events and by sync.

import type { Clock } from '../../lib/clock.ts';
import type { FieldTree } from '../../protocol/filters/event-fields.ts';
import type { EventId, UserId } from '../../protocol/ids/branded.ts';
import type { Database, ReadTx } from '../../storage/database.ts';
import type { StoredEvent } from '../../storage/stores/events.ts';
import type { Names } from '../names.ts';
import type { RoomRef } from '../room-ref.ts';
import { createRoomFacts, type RoomFactsMemory } from '../spaces/room-facts.ts';
import type { RoomState, StateKeyPair } from '../state/room-state.ts';
import type { NodeHash } from '../state-tree/state-node.ts';
import { createEventMemory, type EventMemory } from './event-memory.ts';
import { createIgnored, type Ignored } from './ignored.ts';
import { renderEvents } from './render-events.ts';
import { createStandings, type Standings } from './standing.ts';
import { stateEvents } from './state-events.ts';
import { strippedState } from './stripped-state.ts';
import { visibleEvents } from './visible-events.ts';

/** Who looks. */
export interface Viewer {
  readonly user: number;
  readonly userId: UserId;
  /** The device, for the transaction ids of what it sent itself. */
  readonly device: number | undefined;
}

export interface RenderOptions {
  /** Bundle aggregations (m.replace, m.thread, m.reference) into `unsigned`. Default true. */
  readonly bundles?: boolean;
  /** /sync leaves `room_id` out. Default: it is there. */
  readonly withoutRoomId?: boolean;
  /** `event_format: federation` in filters. */
  readonly federationFormat?: boolean;
  /** `event_fields` of the filter. */
  readonly fields?: FieldTree | undefined;
  /** Only age and redacted_because in `unsigned`: for lists of state, where the rest costs much and tells nothing. */
  readonly brief?: boolean;
}

export interface RoomReader {
  /** Those of the events that the viewer may see by history visibility, in the same order; ignored users' are left out. */
  visible(tx: ReadTx, room: RoomRef, events: readonly StoredEvent[], viewer: Viewer): Promise<readonly StoredEvent[]>;
  /**
   * JSON texts in the client format, in the same order, spliced from stored text: `unsigned` has age, transaction_id,
   * membership (MSC4115), prev_content and replaces_state, redacted_because and the bundles.
   */
  render(
    tx: ReadTx,
    room: RoomRef,
    events: readonly StoredEvent[],
    viewer: Viewer,
    options?: RenderOptions,
  ): Promise<string[]>;
  /** State events of a state: all, or those under the given keys. */
  stateEvents(tx: ReadTx, root: NodeHash, pairs?: readonly StateKeyPair[]): Promise<StoredEvent[]>;
  /** Stripped state for invites and knocks, as JSON texts. Client-Server API, "Stripped state". */
  strippedState(tx: ReadTx, room: RoomRef, root: NodeHash, extra?: EventId): Promise<string[]>;
}

export interface RoomReaderDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly state: RoomState;
  readonly names: Names;
}

/** What the functions of reading share. */
export interface Reading extends RoomReaderDeps {
  readonly ignored: Ignored;
  readonly standings: Standings;
  readonly facts: RoomFactsMemory;
  readonly memory: EventMemory;
}

/** One look into rooms: who looks, on which snapshot. */
export interface Look {
  readonly reading: Reading;
  readonly tx: ReadTx;
  readonly viewer: Viewer;
}

export const createReading = (deps: RoomReaderDeps): Reading => {
  const memory = createEventMemory();
  return {
    ...deps,
    memory,
    ignored: createIgnored(deps),
    standings: createStandings({ ...deps, memory }),
    facts: createRoomFacts(),
  };
};

export const createRoomReader = (deps: RoomReaderDeps, reading = createReading(deps)): RoomReader => {
  return {
    visible: (tx, room, events, viewer) => visibleEvents({ reading, tx, viewer }, room, events),
    render: (tx, room, events, viewer, options) => renderEvents({ reading, tx, viewer }, room, events, options),
    stateEvents: (tx, root, pairs) => stateEvents(reading, tx, root, pairs),
    strippedState: (tx, room, root, extra) => strippedState(reading, tx, room, root, extra),
  };
};
