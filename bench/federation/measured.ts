// Work done to a server, with what it cost: time, CPU, and the most memory that the server had meanwhile.

import { atRest } from '../load/at-rest.ts';
import { type Metered, startMeter } from '../load/meter.ts';
import type { Context } from '../rows/row.ts';

export interface Cost extends Metered {
  readonly cpuMs: number;
  readonly peakMib: number;
}

export const measured = async ({ world, noteForeign }: Context, work: () => Promise<void>): Promise<Cost> => {
  const { server } = world;
  await atRest(server);
  server.forgetPeak();
  const meter = startMeter(server);
  await work();
  const metered = meter();
  noteForeign(metered.foreignShare);
  return { ...metered, cpuMs: metered.serverCpuSeconds * 1000, peakMib: server.peakMib };
};
