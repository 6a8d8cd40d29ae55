// "Passes authorisation rules based on the event's auth events, otherwise it is rejected."
// Server-Server API, "Checks performed on receipt of a PDU", 4; "Rejection".

import { distinct } from '../../../lib/distinct.ts';
import { type AuthEvent, type AuthFacts, factsOfAuthEvents } from '../../../protocol/auth-rules/auth-facts.ts';
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

/** The events that an event names as its auth_events. */
export interface NamedAuthEvents {
  readonly entries: readonly AuthEvent[];
  /** Since v12: the create event, which they leave out. */
  readonly create: AuthEvent | undefined;
  readonly facts: AuthFacts;
}

export const authorisedByAuthEvents = async (
  batch: Batch,
  event: RoomEvent,
): Promise<AuthEventsRefusal | undefined> => {
  const { version } = batch.room;
  const missing = missingAuthEvents(batch, event);
  if (missing.length > 0) return { failed: absent(missing), awaits: missing };
  const { entries, create, facts } = await authEventsOf(batch, event);
  const rules = checkAuthEvents(event, entries, version, create);
  const verdict = rules.ok ? authoriseEvent(event, version, facts) : rules;
  if (verdict.ok) return undefined;
  const { rule, sentence, inputs } = verdict;
  return { failed: { check: 'auth-events', rule, sentence, inputs }, awaits: [] };
};

/** Events are judged after what they name, so what is loaded for one of them holds for all that name the same. */
export const authEventsOf = (batch: Batch, event: RoomEvent): Promise<NamedAuthEvents> => {
  const key = event.authEvents.join(' ');
  const known = batch.authEvents.get(key);
  if (known) return known;
  const loaded = loadAuthEvents(batch, event);
  batch.authEvents.set(key, loaded);
  return loaded;
};

const loadAuthEvents = async ({ engine, room }: Batch, event: RoomEvent): Promise<NamedAuthEvents> => {
  // Since v12 the room id names the create event, and auth_events does not.
  const createId = room.version.roomIdIsCreateHash ? (`$${event.roomId.slice(1)}` as EventId) : undefined;
  const loaded = await loadEvents(engine, room, createId ? [...event.authEvents, createId] : event.authEvents);
  const entryOf = (id: EventId): AuthEvent[] => {
    const one = loaded.get(id);
    return one ? [{ event: one.event, rejected: one.known.verdict === 2 }] : [];
  };
  const entries = event.authEvents.flatMap(entryOf);
  const create = createId && entryOf(createId)[0];
  // What was received has passed the check of its signatures.
  return { entries, create, facts: factsOfAuthEvents(entries, create?.event, () => true) };
};

export const missingAuthEvents = (batch: Batch, event: RoomEvent): readonly EventId[] =>
  distinct(event.authEvents.filter((id) => !batch.known.has(id)));

const absent = (inputs: readonly EventId[]): FailedCheck => ({
  check: 'auth-events-present',
  rule: '',
  sentence: 'Events that it names as its auth_events are not here.',
  inputs,
});
