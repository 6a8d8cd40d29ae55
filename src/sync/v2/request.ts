// What a client asks of /sync, parsed. Client-Server API, "GET /_matrix/client/v3/sync".

import type { Filter } from '../../protocol/filters/parse-filter.ts';
import type { Viewer } from '../../rooms/read/room-reader.ts';
import type { SyncToken } from '../sync-token.ts';

export interface SyncViewer extends Viewer {
  readonly device: number;
}

export interface SyncRequest {
  readonly viewer: SyncViewer;
  /** undefined: an initial sync. */
  readonly since: SyncToken | undefined;
  readonly filter: Filter;
  readonly fullState: boolean;
  readonly timeoutMs: number;
  readonly setPresence: 'online' | 'unavailable' | 'offline';
  /** State at the timeline's end instead of its start (MSC4222, stable since v1.16). */
  readonly useStateAfter: StateAfterKey | undefined;
  readonly signal: AbortSignal;
}

/** Under which name the answer carries the state at the timeline's end. */
export type StateAfterKey = 'state_after' | 'org.matrix.msc4222.state_after';

/** What an answer tells reaches up to here. */
export interface Moment {
  /** Stream position. */
  readonly now: number;
  /** Version of Ephemeral. */
  readonly ephemeral: number;
}

/** The part of the stream that one answer tells. */
export interface Span {
  /** undefined: from the beginning. */
  readonly since: number | undefined;
  readonly now: number;
}
