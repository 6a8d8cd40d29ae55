// What of EDUs goes to other servers, as the sender of transactions is given it. Server-Server API, "EDUs".

import type { JsonObject } from '../../protocol/events/json.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';

export interface PendingEdus {
  /** Whole EDUs (`edu_type`, `content`), in the order of their positions. */
  readonly edus: readonly JsonObject[];
  /** The destination has everything up to this position once these are delivered. `upTo` of the question, or less when there is more. */
  readonly upTo: number;
}

/** An EDU that may be dropped: it says how things are now. */
export interface EphemeralEdu {
  readonly edu: JsonObject;
  /** Of two with one key that wait for a destination only the later one needs to be sent. */
  readonly key: string;
}

/** Called with whom it is for: never this server itself, never nobody. */
export type EphemeralListener = (edu: EphemeralEdu, destinations: readonly ServerName[]) => void;

export interface OutgoingEdus {
  /**
   * Which servers have persistent EDUs (messages to devices, device lists, cross-signing keys) with positions in (after, upTo].
   * The answer holds up to its own `upTo`, which is less than was asked for when there is too much.
   */
  destinationsOf(
    after: number,
    upTo: number,
  ): Promise<{ readonly destinations: ReadonlySet<ServerName>; readonly upTo: number }>;
  /** The persistent EDUs for a destination with positions in (after, upTo]: at most `limit`, and no more than fit a transaction. */
  pendingEdus(destination: ServerName, after: number, upTo: number, limit: number): Promise<PendingEdus>;
  /** The destination has everything up to the position: what was kept for it goes. */
  acknowledge(destination: ServerName, upTo: number): Promise<void>;
  /** Typing, receipts and presence of this server's users, as it happens. */
  onEphemeral(listener: EphemeralListener): void;
}
