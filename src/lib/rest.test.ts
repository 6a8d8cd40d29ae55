import { expect, test } from 'vitest';
import { manualClock } from './manual-clock.ts';
import { collectGarbage, heapSizeBytes, watchEventLoop } from './memory.ts';
import { giveMemoryBackAtRest } from './rest.ts';

const MIB = 1024 * 1024;

const open = () => {
  const clock = manualClock();
  const memory = { busy: 0, size: 40 * MIB, given: 0 };
  const rest = giveMemoryBackAtRest(clock, {
    busyShare: () => memory.busy,
    sizeBytes: () => memory.size,
    async giveBack() {
      memory.given += 1;
      memory.size = 30 * MIB;
    },
  });
  return { clock, memory, rest };
};

test('memory is given back at rest, and again only when there is more of it', async () => {
  const { clock, memory } = open();
  memory.busy = 0.5;
  await clock.advance(60_000);
  expect(memory.given).toBe(0);
  memory.busy = 0.01;
  await clock.advance(1000);
  expect(memory.given).toBe(0);
  await clock.advance(1000);
  expect(memory.given).toBe(1);
  await clock.advance(60_000);
  expect(memory.given).toBe(1);
  memory.size = 47 * MIB;
  await clock.advance(2000);
  expect(memory.given).toBe(2);
});

test('often is not every time', async () => {
  const { clock, memory, rest } = open();
  await clock.advance(2000);
  memory.size = 100 * MIB;
  await clock.advance(9000);
  expect(memory.given).toBe(1);
  await clock.advance(3000);
  expect(memory.given).toBe(2);
  memory.size = 100 * MIB;
  rest[Symbol.dispose]();
  await clock.advance(60_000);
  expect(memory.given).toBe(2);
});

test('garbage goes, and a busy event loop is seen', async () => {
  const busyShare = watchEventLoop();
  let garbage: object[] | undefined = Array.from({ length: 1_000_000 }, (_, index) => ({ index }));
  const before = heapSizeBytes();
  expect(garbage).toHaveLength(1_000_000);
  garbage = undefined;
  await collectGarbage();
  expect(heapSizeBytes()).toBeLessThan(before - 20 * MIB);
  expect(busyShare()).toBeGreaterThan(0);
});
