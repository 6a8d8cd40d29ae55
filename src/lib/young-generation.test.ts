import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { manualClock } from './manual-clock.ts';
import { createHoldYoungGeneration } from './young-generation.ts';

const MIB = 1024 * 1024;

test('the young generation grows as far as it has to, then no more until the last holder lets go', async () => {
  const clock = manualClock();
  const factors: number[] = [];
  let sizeBytes = 2 * MIB;
  const hold = createHoldYoungGeneration({
    sizeBytes: () => sizeBytes,
    setGrowthFactor: (factor) => void factors.push(factor),
  });
  const first = hold(clock);
  await clock.advance(1000);
  expect(factors).toEqual([]);
  sizeBytes = 16 * MIB;
  await clock.advance(1000);
  expect(factors).toEqual([1]);
  const second = hold(clock);
  await clock.advance(1000);
  first[Symbol.dispose]();
  expect(factors).toEqual([1, 1]);
  second[Symbol.dispose]();
  expect(factors).toEqual([1, 1, 2]);
  expect(clock.pending).toBe(0);
});

test('V8 knows the flag', () => {
  expect(execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' })).toContain(
    '--semi-space-growth-factor',
  );
});
