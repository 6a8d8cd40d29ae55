// Feeds a whole server what hostile servers might send: `node tests/hostile/fuzz/run.ts --help`. The same seed gives the same cases.

import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { fuzz } from './fuzz.ts';

const usage = `Usage: node tests/hostile/fuzz/run.ts [--cases N] [--seed N] [--round N] [--target NAME]
  --cases   at least so many; default 20000
  --seed    printed at the start, and with each failure
  --round   this round alone, as a failure names it
  --target  pdus, transactions, headers, edus, answers, keys or joins alone`;

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '20000' },
    seed: { type: 'string' },
    round: { type: 'string' },
    target: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(usage);
  process.exit(0);
}

const seed = Number(values.seed ?? randomInt(2 ** 31));
const round = values.round === undefined ? undefined : Number(values.round);
console.log(`seed ${seed}`);
const { passed, failed } = await fuzz({ cases: Number(values.cases), seed, round, target: values.target });
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
