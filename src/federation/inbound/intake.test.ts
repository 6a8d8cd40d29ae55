import { expect, test } from 'vitest';
import { manualClock } from '../../lib/manual-clock.ts';
import { createIntake } from './intake.ts';

const openIntake = () => {
  const clock = manualClock();
  let queued = 0;
  const intake = createIntake({ clock, queued: () => queued });
  const inside: string[] = [];
  const enter = async (name: string): Promise<void> => {
    await intake.open();
    inside.push(name);
  };
  return {
    clock,
    inside,
    enter,
    async shrinkTo(count: number): Promise<void> {
      queued = count;
      intake.shrank(50);
      await clock.advance(0);
    },
  };
};

test('whoever comes while the queues are short is let in at once', async () => {
  const { enter, inside } = openIntake();
  await enter('a');
  expect(inside).toEqual(['a']);
});

test('others wait until there is room, and are let in one for each place, in their order', async () => {
  const { enter, inside, shrinkTo } = openIntake();
  await shrinkTo(1000);
  for (const name of ['a', 'b', 'c']) void enter(name);
  await shrinkTo(900);
  expect(inside).toEqual([]);
  await shrinkTo(350);
  expect(inside).toEqual(['a']);
  await shrinkTo(300);
  expect(inside).toEqual(['a', 'b', 'c']);
});

test("nobody waits for longer than a quarter of a second, and who has gone in takes nobody else's place", async () => {
  const { clock, enter, inside, shrinkTo } = openIntake();
  await shrinkTo(1000);
  void enter('a');
  await clock.advance(200);
  void enter('b');
  await clock.advance(50);
  expect(inside).toEqual(['a']);
  await shrinkTo(350);
  expect(inside).toEqual(['a', 'b']);
  expect(clock.pending).toBe(0);
});
