// "Passes authorisation rules based on the event's auth events, otherwise it is rejected."
// Server-Server API, "Checks performed on receipt of a PDU", 4; "Rejection".

import { type AuthEvent, factsOfAuthEvents } from '../../../protocol/auth-rules/auth-facts.ts';
import { authoriseEvent } from '../../../protocol/auth-rules/authorise-event.ts';
import { checkAuthEvents } from '../../../protocol/auth-rules/check-auth-events.ts';
import type { RoomEvent } from '../../../protocol/events/room-event.ts';
import type { EventId } from '../../../protocol/ids/branded.ts';
import type { Batch } from '../batch.ts';
import type { FailedCheck } from '../incoming.ts';
import { loadEvents } from '../load-events.ts';

export interface AuthEventsRefusal {
  readonly failed: FailedCheck;
  /** The auth events that are not here. */
  readonly awaits: readonly EventId[];
}

export const authorisedByAuthEvents = async (
  batch: Batch,
  event: RoomEvent,
): Promise<AuthEventsRefusal | undefined> => {
  const { engine, room } = batch;
  const missing = missingAuthEvents(batch, event);
  if (missing.length > 0) return { failed: absent(missing), awaits: missing };
  // Since v12 the room id names the create event, and auth_events does not.
  const createId = room.version.roomIdIsCreateHash ? (`$${event.roomId.slice(1)}` as EventId) : undefined;
  const loaded = await loadEvents(engine, room, createId ? [...event.authEvents, createId] : event.authEvents);
  const entryOf = (id: EventId): AuthEvent[] => {
    const one = loaded.get(id);
    return one ? [{ event: one.event, rejected: one.known.verdict === 2 }] : [];
  };
  const authEvents = event.authEvents.flatMap(entryOf);
  const create = createId && entryOf(createId)[0];
  const rules = checkAuthEvents(event, authEvents, room.version, create);
  // What was received has passed the check of its signatures.
  const verdict = rules.ok
    ? authoriseEvent(
        event,
        room.version,
        factsOfAuthEvents(authEvents, create?.event, () => true),
      )
    : rules;
  if (verdict.ok) return undefined;
  const { rule, sentence, inputs } = verdict;
  return { failed: { check: 'auth-events', rule, sentence, inputs }, awaits: [] };
};

export const missingAuthEvents = (batch: Batch, event: RoomEvent): EventId[] => [
  ...new Set(event.authEvents.filter((id) => !batch.known.has(id))),
];

const absent = (inputs: readonly EventId[]): FailedCheck => ({
  check: 'auth-events-present',
  rule: '',
  sentence: 'Events that it names as its auth_events are not here.',
  inputs,
});
