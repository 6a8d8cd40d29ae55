// A fixed number of clients, each asking again as soon as it is answered: how much a server can do.

import type { RunningServer } from '../servers/running-server.ts';
import { type Metered, startMeter } from './meter.ts';

/** Asks once and resolves when it is answered rightly; rejects otherwise. */
export type Ask = () => Promise<void>;

export interface LoopTimes {
  readonly warmUpMs: number;
  readonly windowMs: number;
}

export interface LoopResult extends Metered {
  readonly operations: number;
  readonly perSecond: number;
  readonly cpuMsPerOperation: number;
  readonly latenciesMs: readonly number[];
}

const sleep = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs));

/** Counts answers within the window, after a warm-up. Rejects with the first failure of any client. */
export const closedLoop = async (
  server: RunningServer,
  asks: readonly Ask[],
  { warmUpMs, windowMs }: LoopTimes,
): Promise<LoopResult> => {
  let latenciesMs: number[] = [];
  let isOver = false;
  const lane = async (ask: Ask): Promise<void> => {
    while (!isOver) {
      const startedAt = performance.now();
      await ask();
      latenciesMs.push(performance.now() - startedAt);
    }
  };
  const lanes = Promise.all(asks.map(lane));
  const failure = lanes.then(() => {});
  await Promise.race([sleep(warmUpMs), failure]);
  latenciesMs = [];
  const meter = startMeter(server);
  await Promise.race([sleep(windowMs), failure]);
  const metered = meter();
  const counted = latenciesMs;
  const operations = counted.length;
  latenciesMs = [];
  isOver = true;
  await lanes;
  return {
    ...metered,
    operations,
    perSecond: operations / metered.seconds,
    cpuMsPerOperation: (metered.serverCpuSeconds * 1000) / operations,
    latenciesMs: counted,
  };
};
