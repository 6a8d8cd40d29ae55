// Simulates servers under many seeds: `node tests/simulation/run.ts --help`. Chance and signature checks are replaced, so that
// the same seed plays the same story.

import { spawn } from 'node:child_process';
import { registerHooks } from 'node:module';
import { availableParallelism, constants, setPriority } from 'node:os';
import { parseArgs } from 'node:util';

// Time stands still while it waits: whatever waits for a real clock beside it goes first.
setPriority(constants.priority.PRIORITY_BELOW_NORMAL);

const usage = `Usage: node tests/simulation/run.ts [--seeds N] [--from SEED] [--servers N] [--deeds N] [--jobs N] [--log LEVEL]
  --seeds    how many stories; default 200
  --from     the first seed; default 1
  --servers  in each; default 10
  --deeds    what users do in each; default 40
  --jobs     stories at the same time; default one for each core
  --log      what servers write of it: debug, info, warn, error, silent; default silent`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    servers: { type: 'string', default: '10' },
    deeds: { type: 'string', default: '40' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    log: { type: 'string', default: 'silent' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(usage);
  process.exit(0);
}

const replaced: Readonly<Record<string, string>> = {
  '/src/lib/random.ts': './seeded-chance.ts',
  '/src/protocol/signing/verify-text.ts': './verify-at-once.ts',
};

const playHere = async (): Promise<number> => {
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const resolved = nextResolve(specifier, context);
      const found = Object.keys(replaced).find((path) => resolved.url.endsWith(path));
      if (found === undefined || context.parentURL?.includes('/tests/simulation/')) return resolved;
      return { ...resolved, url: new URL(replaced[found]!, import.meta.url).href };
    },
  });
  const { playAll } = await import('./play-all.ts');
  return playAll({
    seeds: Number(values.seeds),
    from: Number(values.from),
    servers: Number(values.servers),
    deeds: Number(values.deeds),
    logLevel: values.log as 'silent',
  });
};

/** A share of the seeds in a process of its own; resolves with how many of them failed, all if it broke off. */
const playElsewhere = (from: number, seeds: number): Promise<number> => {
  const { servers, deeds, log } = values;
  const share = [`--from=${from}`, `--seeds=${seeds}`, `--servers=${servers}`, `--deeds=${deeds}`, `--log=${log}`];
  const args = ['--disable-warning=ExperimentalWarning', import.meta.filename, '--jobs=1', ...share];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let failed = seeds;
  let line = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (line + text).split('\n');
    line = lines.pop()!;
    for (const each of lines) {
      const count = /^\d+ passed, (\d+) failed$/.exec(each);
      if (count) failed = Number(count[1]);
      else console.log(each);
    }
  });
  return new Promise((resolve) => child.once('close', () => resolve(failed)));
};

const playInShares = async (jobs: number): Promise<number> => {
  const [seeds, from] = [Number(values.seeds), Number(values.from)];
  const share = Math.ceil(seeds / jobs);
  const starts = Array.from({ length: jobs }, (_, job) => job * share).filter((start) => start < seeds);
  const failed = await Promise.all(starts.map((start) => playElsewhere(from + start, Math.min(share, seeds - start))));
  const sum = failed.reduce((total, count) => total + count, 0);
  console.log(`${seeds - sum} passed, ${sum} failed`);
  return sum;
};

const jobs = Math.min(Number(values.jobs), Number(values.seeds));
const failed = jobs > 1 ? await playInShares(jobs) : await playHere();
process.exit(failed === 0 ? 0 : 1);
