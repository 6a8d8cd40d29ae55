import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

/** Prints the most that the heap had, in MiB: by V8's own judgement, within such work, and after it. What was set holds from the next collection. */
const program = `
import { getHeapStatistics } from 'node:v8';
import { withSparseHeap } from ${JSON.stringify(new URL('./sparse-heap.ts', import.meta.url).href)};
const peakOfMuchWork = () => {
  const kept = [];
  let peak = 0;
  for (let round = 0; round < 300; round++) {
    kept.push(Array.from({ length: 5000 }, (_, index) => ({ round, text: round + ' ' + index })));
    if (kept.length > 20) kept.shift();
    if (round > 150) peak = Math.max(peak, getHeapStatistics().used_heap_size);
  }
  return Math.round(peak / 2 ** 20);
};
const before = peakOfMuchWork();
let within;
await withSparseHeap(async () => {
  await withSparseHeap(async () => {});
  within = peakOfMuchWork();
  throw new Error('also where it fails');
}).catch(() => {});
console.log(JSON.stringify([before, within, peakOfMuchWork()]));
`;

test('the heap stays smaller while such work runs, and not longer', () => {
  const args = ['--max-semi-space-size=4', '--input-type=module', '-e', program];
  const output = execFileSync(process.execPath, args, { encoding: 'utf8' });
  const [before, within, after] = JSON.parse(output) as [number, number, number];
  expect(within, output).toBeLessThan(before * 0.75);
  expect(after, output).toBeGreaterThan(within * 1.3);
});
