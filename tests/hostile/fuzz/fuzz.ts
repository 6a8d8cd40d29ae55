// Plays rounds of cases upon one server after another, and says what must not have been.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { seededRandom } from '../../harness/seeded-random.ts';
import { answers } from './answers.ts';
import { edus } from './edus.ts';
import { type FuzzedServer, startFuzzedServer } from './fuzzed-server.ts';
import { headers } from './headers.ts';
import { joins } from './joins.ts';
import { keys } from './keys.ts';
import { pdus } from './pdus.ts';
import type { Target } from './target.ts';
import { transactions } from './transactions.ts';

export interface FuzzOptions {
  readonly cases: number;
  readonly seed: number;
  readonly round: number | undefined;
  readonly target: string | undefined;
}

const targets: readonly Target[] = [pdus, transactions, headers, edus, answers, keys, joins];
/** Another server then: the database is in memory. */
const ROUNDS_OF_SERVER = 500;
const SHOWN_MAX = 4000;
const FAILURES_SHOWN_MAX = 20;
/** What a server may have kept in memory at the end of its life, its database included. */
const HEAP_GROWTH_BYTES_MAX = 300 * 1024 * 1024;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const heapBytes = (): number => {
  collect();
  return process.memoryUsage().heapUsed;
};

const lots = targets.flatMap((target) => Array<Target>(target.share).fill(target));

export const fuzz = async ({ cases, seed, round: only, target: name }: FuzzOptions) => {
  const counts = new Map<string, number>();
  let done = 0;
  let failed = 0;
  let current = '';
  const fail = (why: string, given: string): void => {
    failed += 1;
    if (failed > FAILURES_SHOWN_MAX) return;
    console.log(`FAILED: ${why}\n  ${current}\n  given: ${given.slice(0, SHOWN_MAX)}`);
  };
  const broken = (error: unknown): void => fail(`crash: ${error instanceof Error ? error.stack : String(error)}`, '');
  process.on('unhandledRejection', broken);
  process.on('uncaughtException', broken);

  const play = async (server: FuzzedServer, round: number): Promise<void> => {
    const random = seededRandom(seed).fork(`round ${round}`);
    const drawn = random.pick(lots);
    const target = targets.find((each) => each.name === name) ?? drawn;
    current = `--seed ${seed} --round ${round}${name === undefined ? '' : ` --target ${name}`} (${target.name})`;
    const count = (outcome: string): void => {
      done += 1;
      const key = `${target.name}: ${outcome}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    };
    await target.play({ server, random, count, fail }).catch(broken);
    for (const line of server.faults.splice(0)) fail('the server tells of a fault of its own', line);
  };

  const before = heapBytes();
  let round = only ?? 0;
  while (done < cases) {
    await using server = await startFuzzedServer();
    for (let left = ROUNDS_OF_SERVER; left > 0 && done < cases; left--) {
      await play(server, round);
      round += 1;
      if (only !== undefined) break;
    }
    if (only !== undefined) break;
    const growth = heapBytes() - before;
    if (growth > HEAP_GROWTH_BYTES_MAX) fail(`memory grew by ${Math.round(growth / 2 ** 20)} MiB`, '');
  }
  for (const key of [...counts.keys()].toSorted()) console.log(`${key} ${counts.get(key)}`);
  return { passed: done - failed, failed };
};
