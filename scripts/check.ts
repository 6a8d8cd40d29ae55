// `npm run check`: format, types, lint, generated documents and unit tests (the architecture's among them), in under a minute on
// two cores.

import { runCommand } from './run-command.ts';
import { formatCounts } from './suites/counts.ts';
import { runVitest } from './suites/suites.ts';

interface Result {
  readonly passed: boolean;
  /** A word for the table. */
  readonly summary: string;
  /** Printed when the step failed. */
  readonly output: string;
}

interface Step {
  readonly name: string;
  run(): Promise<Result>;
}

const command = (name: string, program: string, ...args: string[]): Step => ({
  name,
  run: async () => {
    const { code, output } = await runCommand(program, args);
    return { passed: code === 0, summary: code === 0 ? 'ok' : `exit ${code}`, output };
  },
});

const unit: Step = {
  name: 'unit tests',
  run: async () => {
    const counts = await runVitest('unit', { timeoutMs: 120_000, quiet: true });
    return { passed: counts.failed === 0, summary: formatCounts(counts), output: counts.notes.join('\n') };
  },
};

/** The longest first: two lanes take steps from the front until none is left. */
const steps: readonly Step[] = [
  unit,
  // With all that the compiler says: it reads the program once for both.
  command('types, lint', 'oxlint', '--deny-warnings', '--type-check'),
  command('format', 'biome', 'check', '.'),
  command('generated', 'node', 'scripts/generate.ts', '--check'),
  command('unused', 'knip', '--no-progress'),
];

const start = performance.now();
const seconds = (durationMs: number): string => `${(durationMs / 1000).toFixed(1).padStart(5)} s`;
const rows = new Map<Step, string>();
let failed = 0;
const queue = [...steps];

const lane = async (): Promise<void> => {
  for (let step = queue.shift(); step; step = queue.shift()) {
    const stepStart = performance.now();
    const { passed, summary, output } = await step.run();
    rows.set(
      step,
      `${passed ? 'pass' : 'FAIL'}  ${step.name.padEnd(13)}${seconds(performance.now() - stepStart)}  ${summary}`,
    );
    if (passed) continue;
    failed += 1;
    console.log(`\n== ${step.name}\n${output.trimEnd()}`);
  }
};

await Promise.all([lane(), lane()]);

console.log('');
for (const step of steps) console.log(rows.get(step));
console.log(
  `\n${failed === 0 ? 'All is well' : `${failed} of ${steps.length} failed`} after${seconds(performance.now() - start)}`,
);
process.exitCode = failed === 0 ? 0 : 1;
