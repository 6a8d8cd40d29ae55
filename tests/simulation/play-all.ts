// Plays one story after another and says which of them ended in a quarrel.

import type { LogLevel } from '../../src/lib/log.ts';
import { simulate } from './simulate.ts';

export interface PlayOptions {
  readonly seeds: number;
  readonly from: number;
  readonly servers: number;
  readonly deeds: number;
  readonly logLevel: LogLevel;
}

const SHOWN_MAX = 6_000;

/** The number of those that failed. */
export const playAll = async ({ seeds, from, ...options }: PlayOptions): Promise<number> => {
  let failed = 0;
  for (let seed = from; seed < from + seeds; seed++) {
    const startedAt = performance.now();
    const outcome = await simulate({ ...options, seed }).then(
      ({ quarrels, parted, outcomes, requests }) => ({
        problem: quarrels.join('\n'),
        told: `${[...outcomes].map(([name, count]) => `${name} ${count}`).join(', ')}; ${requests} requests; ${parted} parted`,
      }),
      (error: Error) => ({ problem: error.stack ?? error.message, told: '' }),
    );
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    if (outcome.problem === '') console.log(`seed ${seed}: they agree (${outcome.told}; ${seconds} s)`);
    else {
      failed += 1;
      console.log(`seed ${seed}: FAILED (${outcome.told}; ${seconds} s)\n${outcome.problem.slice(0, SHOWN_MAX)}`);
    }
  }
  console.log(`${seeds - failed} passed, ${failed} failed`);
  return failed;
};
