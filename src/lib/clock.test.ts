import { expect, test } from 'vitest';
import { systemClock } from './clock.ts';
import { manualClock } from './manual-clock.ts';

test('manual timers run in order of time when advanced', async () => {
  const clock = manualClock(1000);
  const ran: string[] = [];
  clock.after(20, () => ran.push(`b${clock.now()}`));
  clock.after(10, () => {
    ran.push(`a${clock.now()}`);
    clock.after(5, () => ran.push(`nested${clock.now()}`));
  });
  clock.after(30, () => ran.push('late')).cancel();
  await clock.advance(25);
  expect(ran).toEqual(['a1010', 'nested1015', 'b1020']);
  expect(clock.now()).toBe(1025);
  expect(clock.monotonic()).toBe(25);
  expect(clock.pending).toBe(0);
});

test('sleep ends in time or when aborted', async () => {
  const clock = manualClock();
  const slept = clock.sleep(10).then(() => 'slept');
  await clock.advance(10);
  expect(await slept).toBe('slept');
  const controller = new AbortController();
  const aborted = clock.sleep(10, controller.signal);
  controller.abort(new Error('stop'));
  await expect(aborted).rejects.toThrow('stop');
  expect(clock.pending).toBe(0);
  await expect(clock.sleep(1, controller.signal)).rejects.toThrow('stop');
});

test('the system clock fires, cancels and aborts', async () => {
  const before = systemClock.monotonic();
  const hold = setInterval(() => {}, 1000);
  await systemClock.sleep(2);
  expect(systemClock.monotonic() - before).toBeGreaterThanOrEqual(1);
  const controller = new AbortController();
  const sleeping = systemClock.sleep(60_000, controller.signal);
  controller.abort(new Error('stop'));
  await expect(sleeping).rejects.toThrow('stop');
  clearInterval(hold);
});
