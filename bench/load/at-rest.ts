// Waits until a server has done what it goes on with after its answers, so that the next measurement does not pay for it.

import type { RunningServer } from '../servers/running-server.ts';

const LOOK_EVERY_MS = 500;
/** Of one core. */
const SHARE_AT_REST = 0.05;
const TIMEOUT_MS = 5 * 60_000;

/** Resolves when the server hardly uses the processor; a server that never rests is measured as it is after five minutes. */
export const atRest = async (server: RunningServer): Promise<void> => {
  const deadline = performance.now() + TIMEOUT_MS;
  while (performance.now() < deadline) {
    const before = server.cpuSeconds;
    const startedAt = performance.now();
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    const seconds = (performance.now() - startedAt) / 1000;
    if ((server.cpuSeconds - before) / seconds <= SHARE_AT_REST) return;
  }
};
