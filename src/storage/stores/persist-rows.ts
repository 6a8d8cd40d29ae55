// What the one writer of events is given and answers: rows as the room engine prepares them.

import type { DirectoryChange } from './directory.ts';

/** 0 accepted, 1 soft-failed, 2 rejected. */
export type VerdictCode = 0 | 1 | 2;

export interface EventRow extends ReceivedRow {
  readonly nid: number;
  readonly eventId: string;
  readonly type: number;
  readonly sender: number;
  readonly stateKey: number | null;
  readonly originServerTs: number;
  readonly depth: number;
  readonly content: string;
  readonly rest: string;
  /** State after the event; null for an outlier. */
  readonly stateRoot: Uint8Array | null;
  /** The room's current state from this event on; null where it stays what it was. */
  readonly currentRoot: Uint8Array | null;
  readonly replaces: number | null;
  readonly thread: number | null;
  /** Whether members with default push rules are notified. */
  readonly notifies: boolean;
  /** Whether it is highlighted for them as well. */
  readonly highlights: boolean;
  readonly notifiedTotal: number;
  readonly verdict: VerdictCode;
  /** Whether it gets a position in the room's timeline. */
  readonly inTimeline: boolean;
  readonly prevs: readonly number[];
  readonly missingPrevs: readonly string[];
  readonly relation?: RelationRow;
  readonly transaction?: TransactionRow;
  readonly redaction?: RedactionRow;
  readonly failure?: FailureRow;
  /** Users outside the room who are concerned (e.g. just invited). */
  readonly wakes?: readonly number[];
  /** For users whose push rules give another outcome than the defaults. */
  readonly notifications?: readonly NotificationRow[];
}

export interface RelationRow {
  readonly target: string;
  readonly relType: string;
  readonly key: string | null;
}

export interface TransactionRow {
  readonly device: number;
  readonly scope: string;
  readonly txnId: string;
}

/** The redacted event's texts after redaction; target undefined when it has not arrived. */
export interface RedactionRow {
  readonly target: string;
  readonly apply?: { readonly nid: number; readonly content: string; readonly rest: string };
}

export interface FailureRow {
  readonly check: string;
  readonly rule: string;
  readonly sentence: string;
  readonly inputs: readonly string[];
}

/** What one user's own rules say of an event; the counts of users with default rules need no row. */
export interface NotificationRow {
  readonly user: number;
  readonly notify: boolean;
  readonly highlight: boolean;
}

export interface PersistArgs {
  /** A room that exists, or the one that these events create. */
  readonly room: { readonly nid: number } | { readonly roomId: string; readonly version: string };
  /** The sequence that the draft was made on; 0 for a new room. */
  readonly sequence: number;
  /**
   * The extremities that the draft was made on, in their order; none for a new room. The sequence alone does not tell one
   * draft from another: that of a draft which came to nothing is used again.
   */
  readonly upon: readonly number[];
  readonly events: readonly EventRow[];
  readonly memberships: readonly MembershipRow[];
  readonly stateRoot: Uint8Array;
  readonly stateChanged: boolean;
  readonly nodes: readonly { readonly hash: Uint8Array; readonly body: Uint8Array }[];
  readonly extremities: readonly number[];
  readonly notifiedTotal: number;
  readonly directory?: DirectoryChange;
  /** Events that were judged again, and events that are still to be. */
  readonly rejudged?: readonly number[];
  readonly toRejudge?: readonly number[];
  /** 1: this server is in the room from now on; 2: in a part of it. Left out: as it was. */
  readonly residency?: 1 | 2;
  /** With residency 2: what is to be known to fetch the rest of the state. */
  readonly partialJoin?: PartialJoinRow;
  /** The state of a room that was entered in part is whole from now on. */
  readonly completion?: Completion;
  readonly now: number;
}

export interface PartialJoinRow {
  readonly joinEventId: string;
  /** The server that let this one in. */
  readonly via: string;
  /** Servers in the room, as it told. */
  readonly servers: readonly string[];
}

export interface Completion {
  /** Stored events with another state after them than before. */
  readonly events: readonly {
    readonly nid: number;
    readonly stateRoot: Uint8Array;
    /** The state event that it replaced. */
    readonly replaces: number | null;
  }[];
  /** The room's current state at positions since the join. */
  readonly states: readonly { readonly position: number; readonly root: Uint8Array }[];
}

export interface Persisted {
  readonly room: number;
  /** One for each event; null where it has no place in the timeline. */
  readonly positions: readonly (number | null)[];
}

/** What rows of events that were drafted here never have, but for `authEvents`. */
export interface ReceivedRow {
  /** The event is in the database already (as an outlier, or judged before): its row and all about it is replaced. */
  readonly isStored?: boolean;
  /** The position it has already and keeps. */
  readonly keepsPosition?: number;
  /** Its prev events are not here: positions are kept free below it. */
  readonly aboveHole?: boolean;
  /** Prev events without which it was judged: they are asked for again later. */
  readonly seeks?: readonly string[];
  /** It gets a position in the hole below what follows it; `inTimeline` is false. */
  readonly isHistory?: boolean;
  /** What redacted it before it came. */
  readonly redactedBy?: number;
  /** State events: the event ids of auth_events. */
  readonly authEvents?: readonly string[];
  /** What it was rejected for want of. */
  readonly awaits?: readonly string[];
  /** Events that are here name it as their prev event. */
  readonly fillsEdges?: boolean;
  readonly isForwarded?: boolean;
}

export interface MembershipRow {
  readonly user: number;
  readonly membership: string;
  readonly event: number;
  readonly sender: number;
  readonly isLocal: boolean;
}
