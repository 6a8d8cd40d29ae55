// The order in which events can be judged: those first that others refer to.

import type { EventId } from '../../protocol/ids/branded.ts';
import type { RoomVersion } from '../../protocol/room-versions/room-version.ts';
import type { IncomingEvent } from './incoming.ts';

/**
 * Otherwise in the order given; of an event given twice the first one counts. Events that refer to each other in a circle, as
 * ids that servers chose (v1–2) can, come last.
 */
export const orderEvents = (
  events: readonly IncomingEvent[],
  referencesOf: (event: IncomingEvent) => readonly EventId[],
): IncomingEvent[] => {
  const byId = new Map<EventId, IncomingEvent>();
  for (const one of events) if (!byId.has(one.event.eventId)) byId.set(one.event.eventId, one);
  const waitsFor = new Map<EventId, number>();
  const citers = new Map<EventId, IncomingEvent[]>();
  const ready: IncomingEvent[] = [];
  for (const [id, one] of byId) {
    const cited = new Set(referencesOf(one).filter((reference) => byId.has(reference)));
    for (const reference of cited) {
      const list = citers.get(reference);
      if (list) list.push(one);
      else citers.set(reference, [one]);
    }
    waitsFor.set(id, cited.size);
    if (cited.size === 0) ready.push(one);
  }
  const ordered: IncomingEvent[] = [];
  // It grows while it is read.
  for (const one of ready) {
    ordered.push(one);
    for (const citer of citers.get(one.event.eventId) ?? []) {
      const left = waitsFor.get(citer.event.eventId)! - 1;
      waitsFor.set(citer.event.eventId, left);
      if (left === 0) ready.push(citer);
    }
  }
  if (ordered.length < byId.size) ordered.push(...[...byId.values()].filter((one) => !ordered.includes(one)));
  return ordered;
};

/** What has to be judged before an event. */
export const referencesIn =
  (version: RoomVersion, which: 'all' | 'auth') =>
  ({ event }: IncomingEvent): readonly EventId[] => {
    const references = which === 'all' ? [...event.prevEvents, ...event.authEvents] : [...event.authEvents];
    // Since v12 the room id names the create event, and auth_events does not.
    if (version.roomIdIsCreateHash && event.type !== 'm.room.create') {
      references.push(`$${event.roomId.slice(1)}` as EventId);
    }
    return references;
  };
