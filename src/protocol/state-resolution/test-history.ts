// A room's history for the tests of state resolution: events are named, select their auth events from the state before
// them, and are judged on receipt as a server does.

import { authEventKeys } from '../auth-rules/auth-event-keys.ts';
import { authoriseEvent } from '../auth-rules/authorise-event.ts';
import { type EventSketch, eventId, sketched } from '../auth-rules/test-room.ts';
import type { RoomEvent } from '../events/room-event.ts';
import type { EventId } from '../ids/branded.ts';
import type { RoomVersion } from '../room-versions/room-version.ts';
import type { Resolution, StateMap } from './resolution.ts';
import { resolveState } from './resolve-state.ts';
import { splitStateKey, stateKeyOf } from './state-key.ts';

export interface HistorySketch extends EventSketch {
  readonly id: string;
  readonly prev: readonly string[];
}

export interface History {
  readonly events: ReadonlyMap<EventId, RoomEvent>;
  readonly rejected: ReadonlySet<EventId>;
  /** Receives an event: its state before is resolved from its previous events. Auth events: given, or selected. */
  add(sketch: HistorySketch): { readonly event: RoomEvent; readonly accepted: boolean };
  stateAfter(name: string): StateMap;
  resolve(...stateSets: readonly StateMap[]): Resolution;
}

export function emptyHistory(version: RoomVersion): History {
  const events = new Map<EventId, RoomEvent>();
  const rejected = new Set<EventId>();
  const after = new Map<EventId, StateMap>();
  const history: History = {
    events,
    rejected,
    add(sketch) {
      const before = history.resolve(...sketch.prev.map(history.stateAfter)).state;
      const draft = sketched(version, { ts: events.size, depth: events.size, ...sketch });
      const selected = authEventKeys(draft, version).flatMap((key) => before.get(stateKeyOf(...key)) ?? []);
      const event = { ...draft, authEvents: sketch.auth === undefined ? selected : draft.authEvents };
      const { ok } = authoriseEvent(event, version, {
        state: (type, stateKey) => events.get(before.get(stateKeyOf(type, stateKey))!),
        signedBy: () => true,
      });
      events.set(event.eventId, event);
      if (!ok) rejected.add(event.eventId);
      const state = new Map(before);
      if (ok && event.stateKey !== undefined) state.set(stateKeyOf(event.type, event.stateKey), event.eventId);
      after.set(event.eventId, state);
      return { event, accepted: ok };
    },
    stateAfter: (name) => after.get(eventId(name))!,
    resolve: (...stateSets) =>
      resolveState({
        version,
        create: events.get(eventId('create'))!,
        stateSets,
        event: (id) => events.get(id),
        isRejected: (id) => rejected.has(id),
      }),
  };
  return history;
}

/** A state as "topic" or "member @bob:a.test" → the event's name. */
export function readable(state: StateMap): Record<string, string> {
  const entries = Array.from(state, ([key, id]) => {
    const { type, stateKey } = splitStateKey(key);
    return [`${type.replace('m.room.', '')} ${stateKey}`.trim(), id.slice(1)] as const;
  });
  return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
}
