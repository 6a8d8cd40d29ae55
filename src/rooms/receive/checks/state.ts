// "Passes authorisation rules based on the state before the event, otherwise it is rejected", and "based on the current state
// of the room, otherwise it is 'soft failed'".
// Server-Server API, "Checks performed on receipt of a PDU", 5 and 6.

import { authoriseEvent } from '../../../protocol/auth-rules/authorise-event.ts';
import type { RoomEvent } from '../../../protocol/events/room-event.ts';
import type { AuthState } from '../../send/auth-state.ts';
import type { Batch } from '../batch.ts';
import type { FailedCheck } from '../incoming.ts';

export const authorisedByState = (
  { room }: Batch,
  event: RoomEvent,
  auth: AuthState,
  check: 'state-before' | 'current-state',
): FailedCheck | undefined => {
  // What was received has passed the check of its signatures.
  const verdict = authoriseEvent(event, room.version, { ...auth.facts, signedBy: () => true });
  if (verdict.ok) return undefined;
  const { rule, sentence, inputs } = verdict;
  return { check, rule, sentence, inputs };
};
