// What state resolution is given and what it answers. All facts are loaded before: it reads nothing and can run anywhere.

import type { Rejection } from '../auth-rules/verdict.ts';
import type { RoomEvent } from '../events/room-event.ts';
import type { EventId } from '../ids/branded.ts';
import type { RoomVersion } from '../room-versions/room-version.ts';
import type { StateKey } from './state-key.ts';

/** A state, or the part of it that is handed over. */
export type StateMap = ReadonlyMap<StateKey, EventId>;

/** The state that all sets have in common, when only the keys on which they differ are handed over. */
export interface CommonState {
  get(key: StateKey): EventId | undefined;
  /** Whether the event is in this state or in the auth chain of an event in it. */
  reaches(id: EventId): boolean;
}

export interface ResolutionInput {
  readonly version: RoomVersion;
  readonly create: RoomEvent;
  /**
   * The states to resolve: whole, or (with `common`) only the keys on which they differ. A key that a set does not have
   * is one its state does not have. The order of the sets and sets given twice change nothing.
   */
  readonly stateSets: readonly StateMap[];
  readonly common?: CommonState;
  /**
   * The auth difference of the states, where the caller knows it. Of the sets then only what is there under each key counts, and
   * whether all of them have it.
   */
  readonly authDifference?: ReadonlySet<EventId>;
  /**
   * Events by id: those of the sets, their auth chains as far as `common` does not reach them (since version 12 wholly),
   * the auth events of these, and every m.room.power_levels in their auth chains.
   */
  event(id: EventId): RoomEvent | undefined;
  /** Whether the event was rejected on receipt; rejected events do not authorise others. */
  isRejected(id: EventId): boolean;
  /** The auth events of an event, where an index knows them without the event. Default: from `event`. */
  authEventsOf?(id: EventId): readonly EventId[] | undefined;
}

/** An event that the authorisation rules kept out of the resolved state. */
export interface DroppedEvent {
  readonly eventId: EventId;
  readonly verdict: Rejection;
}

export interface Resolution {
  /**
   * The resolved state for every key of the state sets, and for keys that only their auth chains have. With `common`, the
   * whole state is the common state overlaid with this. A key absent here is absent from the resolved state.
   */
  readonly state: Map<StateKey, EventId>;
  /** The full conflicted set: what stands under a conflicted key is one of these events, or nothing. */
  readonly conflicts: ReadonlySet<EventId>;
  /** In the order they were judged. Events that another one of their key replaced are not among them. */
  readonly dropped: readonly DroppedEvent[];
  /** Events that were needed and not given; when there are any, the result must not be used. */
  readonly missing: ReadonlySet<EventId>;
}
