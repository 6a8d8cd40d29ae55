// The crash drill: kills a working server (and its PostgreSQL) at random moments. `node tests/drills/crash/run.ts --help`

import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { crashDrill, type Engine } from './drill.ts';

const usage = `Usage: node tests/drills/crash/run.ts [--kills N] [--engine sqlite|postgres] [--seed N]
  --kills   on each engine; default 5
  --engine  one engine alone
  --seed    what is done, and when something is killed; printed at the start. What runs at the same time stays to chance.`;

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '5' },
    engine: { type: 'string' },
    seed: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const engines: readonly Engine[] = ['sqlite', 'postgres'];
const chosen = engines.filter((engine) => values.engine === undefined || values.engine === engine);
const kills = Number(values.kills);
const seed = Number(values.seed ?? randomInt(2 ** 31));

if (values.help || chosen.length === 0 || !Number.isInteger(kills) || !Number.isInteger(seed) || kills < 1) {
  console.log(usage);
  process.exit(values.help ? 0 : 2);
}

console.log(`seed ${seed}`);
let passed = 0;
let failed = 0;
for (const engine of chosen) {
  try {
    const result = await crashDrill({ engine, kills, seed, say: (line) => console.log(line) });
    passed += result.passed;
    failed += result.failed;
  } catch (error) {
    console.log(`${engine}: the drill broke off: ${(error as Error).stack}`);
    failed += 1;
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
