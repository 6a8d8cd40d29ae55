import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { expect, test } from 'vitest';
import { startThread } from './start-thread.ts';

/** Keeps objects for a while, so that the young generation grows as far as it may, and tells how large it is. */
const growing = `
  import { getHeapSpaceStatistics } from 'node:v8';
  import { parentPort, workerData } from 'node:worker_threads';
  const kept = [];
  for (let count = 0; count < workerData; count++) kept[count % 60000] = { count };
  const { space_size: sizeBytes } = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
  parentPort.postMessage(sizeBytes / 1024 / 1024);
`;

test('the young generation of a thread stays within its limit, whatever the command line says of the main thread', async () => {
  setFlagsFromString('--max-semi-space-size=8');
  const url = new URL(`data:text/javascript,${encodeURIComponent(growing)}`);
  const thread = startThread(url, { name: 'growing', youngGenerationMib: 3, data: 1_000_000 });
  const [sizeMib] = (await once(thread, 'message')) as [number];
  await thread.terminate();
  expect(sizeMib).toBeGreaterThan(0);
  expect(sizeMib).toBeLessThanOrEqual(3);
});
