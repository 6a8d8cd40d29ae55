// What the authorisation rules answer: allowed, or the rule that speaks against the event, in the specification's words.
// Read by the receive checks, the ledger of verdicts and `explain`. Room versions 1 to 12, "Authorisation rules".

import type { RoomEvent } from '../events/room-event.ts';
import type { EventId } from '../ids/branded.ts';
import type { RoomVersion } from '../room-versions/room-version.ts';
import { ruleNumber } from './rule-number.ts';

export interface Rejection {
  readonly ok: false;
  /** The number the rule has in this room version, e.g. "5.3.2". */
  readonly rule: string;
  /** The rule in the specification's words. */
  readonly sentence: string;
  /** The events that made the rule speak: the sender's membership, the power levels, … */
  readonly inputs: readonly EventId[];
}

export type Verdict = { readonly ok: true } | Rejection;

export const allowed: Verdict = { ok: true };

/** A rejection by the rule at `path` (names of rule-number.ts); undefined inputs are events that do not exist. */
export function reject(
  version: RoomVersion,
  path: string,
  sentence: string,
  ...inputs: readonly (RoomEvent | undefined)[]
): Rejection {
  const present = new Set<EventId>();
  for (const input of inputs) if (input !== undefined) present.add(input.eventId);
  return { ok: false, rule: ruleNumber(version, path), sentence, inputs: [...present] };
}
