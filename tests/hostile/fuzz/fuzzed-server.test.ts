// A server that is over: what its timers hold stays in memory with it.

import { expect, it } from 'vitest';
import { manualClock } from '../../../src/lib/manual-clock.ts';
import { startFuzzedServer } from './fuzzed-server.ts';

it('leaves no timer behind for longer than a minute', async () => {
  const clock = manualClock();
  const server = await startFuzzedServer(clock);
  expect(clock.pending).toBeGreaterThan(0);
  await server[Symbol.asyncDispose]();
  await clock.advance(60_000);
  expect(clock.pending).toBe(0);
});
