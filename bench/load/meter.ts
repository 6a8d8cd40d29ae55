// What happened between two moments: time, CPU of the server, CPU of programs that do not belong to the measurement.

import { machineBusySeconds } from '../servers/process-usage.ts';
import type { RunningServer } from '../servers/running-server.ts';

export interface Metered {
  readonly seconds: number;
  readonly serverCpuSeconds: number;
  /** CPU of programs other than server and load program, as a share of the time of one processor. */
  readonly foreignShare: number;
}

export const startMeter = (server: RunningServer): (() => Metered) => {
  const ownCpu = process.cpuUsage();
  const serverCpu = server.cpuSeconds;
  const busy = machineBusySeconds();
  const startedAt = performance.now();
  return () => {
    const seconds = (performance.now() - startedAt) / 1000;
    const { user, system } = process.cpuUsage(ownCpu);
    const serverCpuSeconds = server.cpuSeconds - serverCpu;
    const foreign = machineBusySeconds() - busy - serverCpuSeconds - (user + system) / 1e6;
    return { seconds, serverCpuSeconds, foreignShare: Math.max(0, foreign) / seconds };
  };
};
