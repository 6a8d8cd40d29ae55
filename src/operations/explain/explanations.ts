// What `explain` answers, as the admin API gives it: the verdict upon an event and what it stands upon; the condition of a room.

import type { EventId, RoomId, ServerName, UserId } from '../../protocol/ids/branded.ts';

export type Verdict = 'accepted' | 'soft-failed' | 'rejected';

/** An event that another one's verdict names; `missing`: it is not stored here. */
export interface NamedEvent {
  readonly event_id: EventId;
  readonly type: string | null;
  readonly verdict: Verdict | 'missing';
}

export interface EventExplanation {
  readonly event_id: EventId;
  readonly room_id: RoomId;
  readonly type: string;
  readonly state_key: string | null;
  readonly sender: UserId;
  readonly origin_server_ts: number;
  readonly depth: number;
  readonly verdict: Verdict;
  /** Its place in the timeline; null: it has none. */
  readonly position: number | null;
  /** Root of the state after it; null: not known. */
  readonly state_root: string | null;
  readonly redacted_by: EventId | null;
  /** null: it was accepted. */
  readonly failed: {
    readonly check: string;
    /** Number of the authorisation rule in the room's version; '' for checks that are none. */
    readonly rule: string;
    /** In the specification's words. */
    readonly sentence: string;
    readonly judged_ts: number;
    readonly inputs: readonly NamedEvent[];
  } | null;
  /** It is judged again when these arrive. */
  readonly awaits: readonly EventId[];
  readonly missing_prev_events: readonly EventId[];
  /** When servers in the room are asked next for missing prev events; `attempts` were in vain. Others of them are given up. */
  readonly asked_again: readonly { readonly event_id: EventId; readonly attempts: number; readonly due_ts: number }[];
  /** Events that fell because of it. */
  readonly fell: readonly NamedEvent[];
}

export interface RoomExplanation {
  readonly room_id: RoomId;
  readonly version: string;
  /** Whether users of this server are in it; `partly`: its state is not whole yet. */
  readonly resident: 'yes' | 'partly' | 'no';
  /** Of a room whose state is not whole yet; `state_events` is 0 while nobody told of how many events it is made. */
  readonly partial_join: {
    readonly via: ServerName;
    readonly started_ts: number;
    readonly attempts: number;
    readonly state_events: number;
    readonly missing_events: number;
  } | null;
  readonly state_root: string;
  readonly state_entries: number;
  readonly extremities: readonly {
    readonly event_id: EventId;
    readonly depth: number;
    readonly origin_server_ts: number;
  }[];
  readonly events: number;
  /** State and auth events without a place in the graph. */
  readonly outliers: number;
  readonly failures: readonly {
    readonly verdict: Verdict;
    readonly check: string;
    readonly rule: string;
    readonly sentence: string;
    readonly count: number;
  }[];
  /** Rejected events that are judged again when what they wait for arrives. */
  readonly waiting: number;
  readonly missing_prev_events: number;
  /** Where history is not here: above each stands the event. */
  readonly holes: readonly { readonly event_id: EventId; readonly position: number }[];
}
