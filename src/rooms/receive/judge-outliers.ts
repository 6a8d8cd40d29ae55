// The state and auth chain of a room that is entered, judged by their auth events alone. All in memory: none is in a timeline.

import { type AuthEvent, factsOfAuthEvents } from '../../protocol/auth-rules/auth-facts.ts';
import { authoriseEvent } from '../../protocol/auth-rules/authorise-event.ts';
import { checkAuthEvents } from '../../protocol/auth-rules/check-auth-events.ts';
import type { EventId, RoomId } from '../../protocol/ids/branded.ts';
import type { RoomVersion } from '../../protocol/room-versions/room-version.ts';
import type { FailedCheck, IncomingEvent } from './incoming.ts';
import { orderEvents, referencesIn } from './order-events.ts';

export interface JudgedOutlier {
  readonly incoming: IncomingEvent;
  readonly failed: FailedCheck | undefined;
  readonly awaits: readonly EventId[];
}

/** `stored`: events that are here already and not among these. In the order of their references. */
export const judgeOutliers = (
  roomId: RoomId,
  version: RoomVersion,
  events: readonly IncomingEvent[],
  stored: (eventId: EventId) => AuthEvent | undefined = () => undefined,
): Map<EventId, JudgedOutlier> => {
  const judged = new Map<EventId, JudgedOutlier>();
  const entry = (id: EventId): AuthEvent | undefined => {
    const one = judged.get(id);
    return one ? { event: one.incoming.event, rejected: one.failed !== undefined } : stored(id);
  };
  for (const incoming of orderEvents(events, referencesIn(version, 'auth'))) {
    const refusal = judgeByAuthEvents(roomId, version, incoming, entry);
    judged.set(incoming.event.eventId, { incoming, failed: refusal?.failed, awaits: refusal?.awaits ?? [] });
  }
  return judged;
};

export const judgeByAuthEvents = (
  roomId: RoomId,
  version: RoomVersion,
  { event }: IncomingEvent,
  entry: (id: EventId) => AuthEvent | undefined,
): { readonly failed: FailedCheck; readonly awaits: readonly EventId[] } | undefined => {
  const authEvents = event.authEvents.flatMap((id) => entry(id) ?? []);
  const missing = event.authEvents.filter((id) => !entry(id));
  if (missing.length > 0) {
    const sentence = 'Events that it names as its auth_events are not here.';
    return { failed: { check: 'auth-events-present', rule: '', sentence, inputs: missing }, awaits: missing };
  }
  // Since v12 the room id names the create event, and auth_events does not.
  const create = version.roomIdIsCreateHash ? entry(`$${roomId.slice(1)}` as EventId) : undefined;
  const rules = checkAuthEvents(event, authEvents, version, create);
  // What was received has passed the check of its signatures.
  const verdict = rules.ok
    ? authoriseEvent(
        event,
        version,
        factsOfAuthEvents(authEvents, create?.event, () => true),
      )
    : rules;
  if (verdict.ok) return undefined;
  const { rule, sentence, inputs } = verdict;
  return { failed: { check: 'auth-events', rule, sentence, inputs }, awaits: [] };
};
