// Plays rounds of cases upon one server after another, and says what must not have been.

import { seededRandom } from '../../harness/seeded-random.ts';
import { answers } from './answers.ts';
import { edus } from './edus.ts';
import { type FuzzedServer, startFuzzedServer } from './fuzzed-server.ts';
import { headers } from './headers.ts';
import { joins } from './joins.ts';
import { keys } from './keys.ts';
import { watchMemory } from './memory.ts';
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

  const memory = watchMemory();
  const judge = (problem: string | undefined): void => {
    if (problem !== undefined) fail(problem, '');
  };
  /** Plays upon one server, from a round on; resolves with the next round. */
  const live = async (from: number): Promise<number> => {
    await using server = await startFuzzedServer();
    let round = from;
    do {
      await play(server, round);
      round += 1;
    } while (only === undefined && done < cases && round < from + ROUNDS_OF_SERVER);
    judge(memory.withServer());
    return round;
  };
  for (let round = only ?? 0; done < cases; ) {
    round = await live(round);
    judge(memory.withoutServer());
    if (only !== undefined) break;
  }
  console.log(memory.summary());
  for (const key of [...counts.keys()].toSorted()) console.log(`${key} ${counts.get(key)}`);
  return { passed: done - failed, failed };
};
