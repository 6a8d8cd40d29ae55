// What the room engine is given of other servers' events, and what it answers.
// Server-Server API, "Checks performed on receipt of a PDU".

import type { ParsedPdu } from '../../protocol/events/parse-pdu.ts';
import type { EventId, RoomId, ServerName } from '../../protocol/ids/branded.ts';
import type { RoomVersion } from '../../protocol/room-versions/room-version.ts';

/**
 * An event that passed the checks which need no room: format, signatures, content hash. Where the hash did not match it is
 * the redacted form.
 */
export interface IncomingEvent extends ParsedPdu {
  /** Which server gave it to us; its origin or another. */
  readonly source: ServerName;
}

/** The check that an event failed; `explain` and the ledger know it by this name. */
export type CheckName =
  | 'auth-events-present'
  | 'prev-events-present'
  | 'auth-events'
  | 'state-before'
  | 'current-state'
  | 'policy-server';

export interface FailedCheck {
  readonly check: CheckName;
  /** Number of the authorisation rule in this room version; '' for checks that are none. */
  readonly rule: string;
  /** In the specification's words. */
  readonly sentence: string;
  /** The events by which it failed. */
  readonly inputs: readonly EventId[];
}

export type Fate =
  | { readonly eventId: EventId; readonly fate: 'accepted' }
  /** It was stored before, whatever its verdict: nothing was done. */
  | { readonly eventId: EventId; readonly fate: 'known' }
  | { readonly eventId: EventId; readonly fate: 'soft-failed' | 'rejected'; readonly failed: FailedCheck }
  /** It was not stored: these events have to be there first. */
  | {
      readonly eventId: EventId;
      readonly fate: 'waiting';
      /** Events that were given at the same time and wait themselves are among them. */
      readonly missingPrevs: readonly EventId[];
      readonly missingAuthEvents: readonly EventId[];
    };

export interface AcceptOptions {
  /**
   * `new`: at the end of the timeline, moving extremities and current state. `history`: fetched later; it is put into the
   * hole of the timeline below the events that follow it and moves nothing.
   */
  readonly as: 'new' | 'history';
  /**
   * What becomes of an event whose auth events or prev events are not here and cannot be had: `wait` leaves it with the
   * caller, `judge` stores it as rejected, to be judged again by itself once they arrive.
   */
  readonly onMissing: 'wait' | 'judge';
  /**
   * For events whose prev events are missing: the state before them as another server tells it, as ids of stored events. It is
   * resolved with the states of those prev events that are here. The event then stands above a hole of the timeline.
   */
  readonly statesBefore?: ReadonlyMap<EventId, readonly EventId[]>;
  /** This server passes the events on to the other servers in the room (it let the member in). Default false. */
  readonly isForwarded?: boolean;
}

/** A room that a user of this server joined through another one, or joined again after this server had left it. */
export interface JoinedRoom {
  readonly roomId: RoomId;
  readonly version: RoomVersion;
  /** Signed by this server, as the resident server sent it back. */
  readonly join: IncomingEvent;
  /** The state before the join, verified; without the members when `isPartial`. */
  readonly state: readonly IncomingEvent[];
  readonly authChain: readonly IncomingEvent[];
  readonly isPartial: boolean;
  /** When `isPartial`: servers in the room, as the resident server tells it. Default: that server. */
  readonly servers?: readonly ServerName[];
}

/** The state of a room that was entered without its members, as another server tells it. */
export interface ToldJoinState {
  readonly roomId: RoomId;
  readonly joinEventId: EventId;
  /** The state before the join, as ids of stored events. */
  readonly state: readonly EventId[];
}

/** The way in for events of other servers: judged, stored, never fetched. Everything resolves once it is on disk. */
export interface Receive {
  /**
   * Judges events of one room in the order of their references, whatever order they are given in, and stores them in one
   * transaction. One fate for each event, in the order given. Throws M_NOT_FOUND for a room that this server is not in.
   */
  accept(roomId: RoomId, events: readonly IncomingEvent[], options: AcceptOptions): Promise<Fate[]>;
  /**
   * Stores state and auth events that have no place in the timeline, judged by their auth events alone. Whole auth chains may be
   * given, in any order.
   */
  acceptOutliers(roomId: RoomId, events: readonly IncomingEvent[]): Promise<Fate[]>;
  /** Throws M_FORBIDDEN with the rule when the rules refuse the state or the join that was given. */
  enterRoom(room: JoinedRoom): Promise<void>;
  /** Stores state and auth events of a room as enterRoom does: as one whole, what they refer to among them or stored. */
  storeState(roomId: RoomId, events: readonly IncomingEvent[]): Promise<void>;
  /**
   * Makes the state of a room that was entered in part whole, with that of everything since. Throws M_FORBIDDEN when the rules
   * refuse the join in the state that was told. The room is shown as whole at the end.
   */
  completeJoin(told: ToldJoinState): Promise<void>;
  /** Goes on with that from where the room has its whole state. */
  finishJoin(roomId: RoomId): Promise<void>;
  /** Those of the events that are stored, with whether they were rejected and whether the state at them is known. */
  stored(
    eventIds: readonly EventId[],
  ): Promise<Map<EventId, { readonly roomId: RoomId; readonly isRejected: boolean; readonly hasState: boolean }>>;
  /** The forward extremities with their depths: where the room's history ends for now. */
  extremities(roomId: RoomId): Promise<readonly { readonly eventId: EventId; readonly depth: number }[]>;
}

/** For events that came before what they stand upon. */
export interface Rejudging {
  /** Judges again what waits for it in the room, because what it stood upon arrived or changed. */
  rejudge(roomId: RoomId): Promise<void>;
  /** Goes on with what was not judged again when the server stopped. */
  resume(): Promise<void>;
}
