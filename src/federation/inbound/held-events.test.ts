import { expect, test } from 'vitest';
import { manualClock } from '../../lib/manual-clock.ts';
import type { EventId } from '../../protocol/ids/branded.ts';
import { createHeldEvents } from './held-events.ts';
import type { VerifiedEvent } from './verify-batch.ts';

const made = (eventId: string): VerifiedEvent => ({ event: { event: { eventId } } }) as unknown as VerifiedEvent;
const idsOf = (events: readonly VerifiedEvent[]): EventId[] => events.map(({ event }) => event.event.eventId);

const start = () => {
  const clock = manualClock();
  let quietMs = 0;
  const held = createHeldEvents({ clock, quietMs: () => quietMs });
  return {
    held,
    clock,
    hold: (eventId: string, ...missing: string[]) => held.hold(made(eventId), missing as EventId[]),
    release: (eventId: string) => idsOf(held.release(eventId as EventId)),
    overdue: () => idsOf(held.overdue()),
    async passQuietly(ms: number) {
      quietMs += ms;
      await clock.advance(ms);
    },
  };
};

test('an event is released by the last that it waited for, with all that waited for it', () => {
  const { held, hold, release } = start();
  hold('c', 'b');
  hold('b', 'a', 'x');
  hold('d', 'c', 'b');
  hold('e', 'y');
  expect(release('a')).toEqual([]);
  expect(release('x')).toEqual(['b', 'c', 'd']);
  expect(release('b')).toEqual([]);
  expect(held.size()).toBe(1);
  expect(release('y')).toEqual(['e']);
  expect(held.size()).toBe(0);
});

test('an event is held once', () => {
  const { hold, release } = start();
  expect(hold('b', 'a')).toBe(true);
  expect(hold('b', 'a')).toBe(false);
  expect(release('a')).toEqual(['b']);
  expect(hold('b', 'a')).toBe(true);
});

test('what is missing is waited for while nothing else comes, and what waits behind goes along', async () => {
  const { held, hold, overdue, clock, passQuietly } = start();
  hold('b', 'a');
  await clock.advance(5000);
  expect(overdue()).toEqual([]);
  await passQuietly(200);
  hold('c', 'b', 'x');
  hold('z', 'y');
  expect(held.dueInMs()).toBe(50);
  await passQuietly(49);
  expect(overdue()).toEqual([]);
  await passQuietly(1);
  expect(overdue()).toEqual(['b', 'c']);
  await passQuietly(200);
  expect(overdue()).toEqual(['z']);
  expect(held.size()).toBe(0);
});

test('an event that came before what it waits for goes with that', async () => {
  const { hold, overdue, passQuietly } = start();
  hold('b', 'a');
  await passQuietly(200);
  hold('a', 'x');
  await passQuietly(249);
  expect(overdue()).toEqual([]);
  await passQuietly(1);
  expect(overdue()).toEqual(['a', 'b']);
});

test('however much comes, no event is held for longer than ten seconds, though it waits in a circle', async () => {
  const { hold, overdue, clock } = start();
  hold('a', 'b');
  hold('b', 'a');
  await clock.advance(9999);
  expect(overdue()).toEqual([]);
  await clock.advance(1);
  expect(overdue().toSorted()).toEqual(['a', 'b']);
});

test('events to which very many ways lead are taken out as quickly as others', async () => {
  const { held, hold, overdue, passQuietly } = start();
  const layers = Array.from({ length: 60 }, (_, at) => [`${at}a`, `${at}b`]);
  hold('first', 'missing');
  for (const [at, layer] of layers.entries()) for (const id of layer) hold(id, ...(layers[at - 1] ?? ['first']));
  await passQuietly(250);
  expect(overdue()).toEqual(['first', ...layers.flat()]);
  expect(held.size()).toBe(0);
});
