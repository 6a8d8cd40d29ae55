// Holds timelines against the ledger: every answered event is there, exactly once, in an order that no clock contradicts.

import type { TestClient } from '../../harness/client.ts';
import type { Ledger } from './ledger.ts';
import { type DrillEvent, type Observer, readTimeline } from './room-reader.ts';

export interface TimelineCheck {
  /** What is wrong with what came since the last check; `reader` is a member of all rooms. */
  check(): Promise<string[]>;
  /** Reads everything once more from the start and compares it with what the checks saw. */
  checkAll(): Promise<string[]>;
  readonly eventCount: number;
}

/** Of two events the one answered before the other was sent stands first. */
const orderProblems = (ledger: Ledger, events: readonly DrillEvent[], latestSent: { at: number; mark: string }) => {
  const problems: string[] = [];
  for (const { mark } of events) {
    const asked = ledger.asked.get(mark);
    const answered = ledger.answered.get(mark);
    if (answered && answered.answeredAt < latestSent.at) {
      problems.push(`${mark} was answered before ${latestSent.mark} was sent, and stands after it`);
    }
    if (asked && asked.sentAt > latestSent.at) Object.assign(latestSent, { at: asked.sentAt, mark });
  }
  return problems;
};

const drain = async (observer: Observer): Promise<void> => {
  do {
    if (!(await observer.step(0))) throw new Error('the observer got no answer to /sync');
  } while (observer.lastCount > 0);
};

const sameEvents = (a: readonly DrillEvent[], b: readonly DrillEvent[]): string | undefined => {
  const length = Math.max(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    if (a[index]?.eventId !== b[index]?.eventId) {
      return `at ${index} of ${length}: ${a[index]?.mark ?? 'nothing'} and ${b[index]?.mark ?? 'nothing'}`;
    }
  }
  return undefined;
};

export const createTimelineCheck = (
  ledger: Ledger,
  reader: TestClient,
  observer: Observer,
  roomIds: readonly string[],
): TimelineCheck => {
  const known = new Map<string, DrillEvent[]>(roomIds.map((roomId) => [roomId, []]));
  const latestSent = new Map(roomIds.map((roomId) => [roomId, { at: 0, mark: '' }]));
  const places = new Map<string, { eventId: string; roomId: string }>();

  const enter = (roomId: string, events: readonly DrillEvent[]): string[] => {
    const problems: string[] = [];
    for (const { mark, eventId } of events) {
      const earlier = places.get(mark);
      if (earlier) problems.push(`${mark} is there twice: ${earlier.eventId} and ${eventId}`);
      if (ledger.asked.get(mark)?.roomId !== roomId) problems.push(`${mark} was never sent into ${roomId}`);
      places.set(mark, { eventId, roomId });
    }
    known.get(roomId)?.push(...events);
    return problems;
  };

  return {
    get eventCount() {
      return places.size;
    },
    async check() {
      const problems: string[] = [];
      await drain(observer);
      const observed = observer.take();
      for (const roomId of roomIds) {
        const events = await readTimeline(reader, roomId, known.get(roomId)?.at(-1)?.eventId);
        problems.push(...enter(roomId, events));
        problems.push(...orderProblems(ledger, events, latestSent.get(roomId)!));
        const difference = sameEvents(events, observed.get(roomId) ?? []);
        if (difference) problems.push(`/messages and /sync differ in ${roomId} ${difference}`);
      }
      for (const mark of ledger.unchecked.splice(0)) {
        const told = ledger.answered.get(mark)?.eventId;
        const stored = places.get(mark)?.eventId;
        if (stored !== told) problems.push(`${mark} was answered with ${told}; stored is ${stored ?? 'nothing'}`);
      }
      return problems;
    },
    async checkAll() {
      const problems: string[] = [];
      for (const roomId of roomIds) {
        const difference = sameEvents(await readTimeline(reader, roomId, undefined), known.get(roomId) ?? []);
        if (difference) problems.push(`the timeline of ${roomId} has changed ${difference}`);
      }
      return problems;
    },
  };
};
