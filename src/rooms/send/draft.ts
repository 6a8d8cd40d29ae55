// What a local user wants to send, before the room has had its say.

import type { JsonObject } from '../../protocol/events/json.ts';
import type { EventId, UserId } from '../../protocol/ids/branded.ts';
import type { DirectoryChange } from '../../storage/stores/directory.ts';
import type { TransactionRow } from '../../storage/stores/persist.ts';
import type { RoomView } from '../state/room-view.ts';

/** A client's transaction id, with the device and the endpoint's path before it. */
export type Transaction = TransactionRow;

export interface Draft {
  readonly type: string;
  /** undefined: not a state event. */
  readonly stateKey?: string | undefined;
  readonly sender: UserId;
  readonly content: JsonObject;
  /** For m.room.redaction: the event to redact, wherever the room version puts it. */
  readonly redacts?: EventId | undefined;
  /** Milliseconds; now unless an application service says otherwise. */
  readonly originServerTs?: number | undefined;
  /** The client's transaction id, remembered with the event. */
  readonly transaction?: Transaction | undefined;
}

export interface SentEvent {
  readonly eventId: EventId;
  /** Its place in the stream. */
  readonly position: number;
}

/** Events that depend on the room as it is when their turn comes. */
export interface Composition {
  /** What may come of it: names in drafts that are not among these cost the room's other senders a write. */
  readonly possible: readonly Pick<Draft, 'type' | 'stateKey' | 'sender'>[];
  /** Runs under the room's lock, and again when a write before it failed: it has no effects. An empty list sends nothing. */
  compose(room: RoomView): Promise<readonly Draft[]>;
  /** Written in the same transaction; not when nothing is sent. */
  readonly directory?: DirectoryChange;
}
