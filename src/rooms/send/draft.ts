// What a local user wants to send, before the room has had its say.

import type { JsonObject } from '../../protocol/events/json.ts';
import type { EventId, UserId } from '../../protocol/ids/branded.ts';
import type { TransactionRow } from '../../storage/stores/persist.ts';

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
  readonly transaction?: TransactionRow | undefined;
}

export interface SentEvent {
  readonly eventId: EventId;
  /** Its place in the stream. */
  readonly position: number;
}
