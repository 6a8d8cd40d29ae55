// Reading rooms for people: which events they may see, and the texts they get. Used by every endpoint that shows events and by sync.

import type { EventId, UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx } from '../../storage/database.ts';
import type { StoredEvent } from '../../storage/stores/events.ts';
import type { RoomRef } from '../room-ref.ts';
import type { NodeHash } from '../state-tree/state-node.ts';

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
  readonly fields?: readonly string[];
}

export interface RoomReader {
  /** Those of the events that the viewer may see by history visibility, in the same order; ignored users' are left out. */
  visible(tx: ReadTx, room: RoomRef, events: readonly StoredEvent[], viewer: Viewer): Promise<StoredEvent[]>;
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
  stateEvents(
    tx: ReadTx,
    root: NodeHash,
    pairs?: readonly (readonly [type: string, stateKey: string])[],
  ): Promise<StoredEvent[]>;
  /** Stripped state for invites and knocks. Client-Server API, "Stripped state". */
  strippedState(tx: ReadTx, room: RoomRef, root: NodeHash, extra?: EventId): Promise<string[]>;
}
