// To which events a stored event refers, read from its members without columns.

import type { EventId } from '../../protocol/ids/branded.ts';

interface Rest {
  readonly prev_events?: readonly Reference[];
  readonly auth_events?: readonly Reference[];
}

/** v1–2: a pair of the event id and its reference hash. */
type Reference = EventId | readonly [EventId, unknown];

const idsOf = (references: readonly Reference[] = []): EventId[] =>
  references.map((reference) => (typeof reference === 'string' ? reference : reference[0]));

/** `rest`: JSON text. */
export const prevEventsOf = (rest: string): EventId[] => idsOf((JSON.parse(rest) as Rest).prev_events);
export const authEventsOf = (rest: string): EventId[] => idsOf((JSON.parse(rest) as Rest).auth_events);
