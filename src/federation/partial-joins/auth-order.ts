// Which of many events can be judged already, in whatever order they come: each waits for those of its auth events that are still
// to come. What waits is kept as text, which takes a fifth of the memory.

import type { EventId } from '../../protocol/ids/branded.ts';

export interface AuthOrder {
  /** Whether the event is still to come: it is expected, and was not given yet. */
  isExpected(eventId: EventId): boolean;
  /**
   * Gives an expected event. undefined: it waits. Otherwise it can be judged now, and after it, in their order, these, which
   * waited for it.
   */
  add(eventId: EventId, authEvents: readonly EventId[], text: string): string[] | undefined;
  /** Those that wait for events which did not come. They wait no more. */
  left(): string[];
  /** Expected events that were not given, and those that wait. */
  readonly missing: ReadonlySet<EventId>;
  /** Characters of all that wait. */
  readonly waitingLength: number;
}

interface Waiting {
  readonly eventId: EventId;
  readonly text: string;
  /** So many of its auth events are still to come. */
  missing: number;
}

export const createAuthOrder = (expected: Iterable<EventId>): AuthOrder => {
  const toCome = new Set(expected);
  const waiting = new Map<EventId, Waiting>();
  const waitingFor = new Map<EventId, Waiting[]>();
  let waitingLength = 0;

  /** It grows while it is read. */
  const release = (first: EventId): string[] => {
    const done = [first];
    const texts: string[] = [];
    for (const eventId of done) {
      toCome.delete(eventId);
      for (const one of waitingFor.get(eventId) ?? []) {
        one.missing -= 1;
        if (one.missing > 0) continue;
        texts.push(one.text);
        done.push(one.eventId);
        waiting.delete(one.eventId);
        waitingLength -= one.text.length;
      }
      waitingFor.delete(eventId);
    }
    return texts;
  };

  return {
    missing: toCome,
    get waitingLength() {
      return waitingLength;
    },
    isExpected: (eventId) => toCome.has(eventId) && !waiting.has(eventId),
    add(eventId, authEvents, text) {
      const missing = new Set(authEvents.filter((id) => toCome.has(id)));
      if (missing.size === 0) return release(eventId);
      const one: Waiting = { eventId, text, missing: missing.size };
      waiting.set(eventId, one);
      waitingLength += text.length;
      for (const id of missing) {
        const others = waitingFor.get(id);
        if (others) others.push(one);
        else waitingFor.set(id, [one]);
      }
      return undefined;
    },
    left() {
      const texts = [...waiting.values()].map(({ text }) => text);
      for (const eventId of waiting.keys()) toCome.delete(eventId);
      waiting.clear();
      waitingFor.clear();
      waitingLength = 0;
      return texts;
    },
  };
};
