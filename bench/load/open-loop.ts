// Requests that come at their own times, as people send them: latency is counted from the intended start, so that
// waiting behind a slow answer counts as well.

import type { Ask, LoopTimes } from './closed-loop.ts';
import { seededRandom } from './statistics.ts';

/** A server this far behind will not catch up. */
const BACKLOG_MAX = 20_000;

/** Milliseconds after the start at which requests are intended: a Poisson process, the same in every run. */
const arrivals = (ratePerSecond: number, durationMs: number): number[] => {
  const random = seededRandom(1);
  const times: number[] = [];
  for (let at = 0; at < durationMs; at += (-Math.log(random()) * 1000) / ratePerSecond) times.push(at);
  return times;
};

/** Latencies of the requests intended within the window. Each of `asks` is one client that can ask one thing at a time. */
export const openLoop = async (
  asks: readonly Ask[],
  ratePerSecond: number,
  { warmUpMs, windowMs }: LoopTimes,
): Promise<number[]> => {
  const times = arrivals(ratePerSecond, warmUpMs + windowMs);
  const idle = [...asks];
  const waiting: number[] = [];
  const latenciesMs: number[] = [];
  const { promise: over, resolve, reject } = Promise.withResolvers<void>();
  const startedAt = performance.now();
  let answered = 0;

  const run = async (ask: Ask, intended: number): Promise<void> => {
    await ask();
    if (intended >= warmUpMs) latenciesMs.push(performance.now() - startedAt - intended);
    answered += 1;
    if (answered === times.length) resolve();
    const next = waiting.shift();
    if (next === undefined) idle.push(ask);
    else await run(ask, next);
  };
  let next = 0;
  const tick = (): void => {
    const now = performance.now() - startedAt;
    for (; next < times.length && times[next]! <= now; next++) {
      const ask = idle.shift();
      if (ask) run(ask, times[next]!).catch(reject);
      else waiting.push(times[next]!);
    }
    if (waiting.length > BACKLOG_MAX) reject(new Error('the server does not keep up with half of its capacity'));
    else if (next < times.length) setTimeout(tick, Math.max(0, times[next]! - now));
  };
  tick();
  await over;
  return latenciesMs;
};
