// What the room engine asks of parts above it.

import type { ParsedPdu } from '../protocol/events/parse-pdu.ts';
import type { RoomEvent } from '../protocol/events/room-event.ts';
import type { EventId, RoomAlias, RoomId, ServerName } from '../protocol/ids/branded.ts';
import type { PolicyServer } from '../protocol/policy-servers/policy-server.ts';
import type { RoomVersion } from '../protocol/room-versions/room-version.ts';
import type { NotificationRow } from '../storage/stores/persist.ts';
import type { RoomRef } from './room-ref.ts';
import type { RoomFacts } from './spaces/room-facts.ts';

/** What is known of the room when an event is judged for notifications. */
export interface NotificationContext {
  readonly room: number;
  readonly version: RoomVersion;
  readonly powerLevels: RoomEvent | undefined;
  readonly create: RoomEvent | undefined;
  readonly sender: number;
  /** Hash of the state before the event. */
  readonly stateRoot: string;
}

export interface NotificationOutcome {
  /** Whether members with default push rules are notified. */
  readonly notifies: boolean;
  /** Whether it is highlighted for all whom it notifies by default (a mention of the whole room). */
  readonly highlights: boolean;
  /** Users of this server for whom it is otherwise. */
  readonly exceptions: readonly NotificationRow[];
}

export interface NotificationPort {
  judge(event: RoomEvent, context: NotificationContext): Promise<NotificationOutcome>;
}

/** Servers that have a say in what is sent to a room. */
export interface PolicyServerPort {
  /**
   * The event with the server's signature, which is good. Throws what the server refused with (M_FORBIDDEN), M_LIMIT_EXCEEDED,
   * 502 M_UNKNOWN naming the server when it did not answer.
   */
  sign(server: PolicyServer, event: ParsedPdu, version: RoomVersion): Promise<ParsedPdu>;
}

/** What a server that is in a room tells of it. */
export interface RemoteRoom {
  readonly facts: RoomFacts;
  /** Of its children, those that the server knows, without their own children. */
  readonly children: ReadonlyMap<RoomId, RoomFacts>;
  /** Children that this server has no way into. */
  readonly inaccessible: ReadonlySet<RoomId>;
}

/** Rooms that this server is not in. */
export interface RemoteRooms {
  /** Asks one of the servers; undefined: none of them told. */
  of(roomId: RoomId, via: readonly ServerName[]): Promise<RemoteRoom | undefined>;
  /** Asks the alias's server; undefined: it does not know it, did not answer, or is this one. */
  resolve(alias: RoomAlias): Promise<ResolvedAlias | undefined>;
}

export interface ResolvedAlias {
  readonly roomId: RoomId;
  readonly servers: readonly ServerName[];
}

export interface TimeQuestion {
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  /** At or after it, or at or before it. */
  readonly forwards: boolean;
}

export interface TimedEvent {
  readonly eventId: EventId;
  readonly originServerTs: number;
}

/** History that this server does not have. */
export interface HistoryPort {
  /** Fetches what comes before some events of the room, whose prev events are missing. false: nobody gave any of it. */
  fetchBelow(room: RoomRef, above: readonly EventId[]): Promise<boolean>;
  /** By what other servers in the room say; undefined: they know none. */
  eventNearTime(room: RoomRef, question: TimeQuestion): Promise<TimedEvent | undefined>;
}
