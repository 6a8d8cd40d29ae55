// The list of test suites that `npm test` runs: the vitest projects, and every program tests/**/run.ts.

import { globSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { projectRoot, runCommand } from '../run-command.ts';
import { type Counts, countProgram, countVitest, failedSuite, type VitestReport } from './counts.ts';
import { type Prerequisite, prerequisites } from './prerequisites.ts';

export interface Suite {
  readonly name: string;
  readonly needs: readonly Prerequisite[];
  run(): Promise<Counts>;
}

const reportFolder = join('tests', '.tmp', 'reports');

/** Runs a project of vitest.config.ts. `quiet` collects its output and prints it only after a failure. */
export const runVitest = async (project: string, quiet = false): Promise<Counts> => {
  const report = join(reportFolder, `${project}.json`);
  mkdirSync(join(projectRoot, reportFolder), { recursive: true });
  rmSync(join(projectRoot, report), { force: true });
  const { code, output } = await runCommand(
    'vitest',
    ['run', '--project', project, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
    { inherit: !quiet },
  );
  if (quiet && code !== 0) console.log(output);
  try {
    const counts = countVitest(JSON.parse(readFileSync(join(projectRoot, report), 'utf8')) as VitestReport, code);
    const files = counts.files.map((file) => relative(projectRoot, file));
    return counts.passed + counts.failed === 0 ? failedSuite(`failed: ${project} has no tests`) : { ...counts, files };
  } catch {
    return failedSuite(`failed: ${project} left no report, exit code ${code}`);
  }
};

/** Runs a test program; its output is marked with its name, so that only the grand total stands alone on its line. */
const runProgram = async (name: string, path: string): Promise<Counts> => {
  let line = '';
  const { code, output } = await runCommand('node', [path], {
    onOutput: (text) => {
      const lines = (line + text).split('\n');
      line = lines.pop() ?? '';
      for (const complete of lines) console.log(`${name} | ${complete}`);
    },
  });
  return countProgram(output, code);
};

const vitestSuite = (name: string, needs: readonly Prerequisite[]): Suite => ({
  name,
  needs,
  run: () => runVitest(name),
});

/** Every suite, in the order they run: the quick ones first. */
export const listSuites = (): Suite[] => {
  const needs = prerequisites.filter(({ isUsed }) => isUsed());
  const programs = globSync('tests/**/run.ts', { cwd: projectRoot }).sort();
  return [
    vitestSuite('unit', []),
    vitestSuite(
      'contract',
      needs.filter(({ name }) => name === 'PostgreSQL'),
    ),
    vitestSuite('system', needs),
    ...programs.map((path): Suite => {
      const name = relative('tests', dirname(path));
      return { name, needs, run: () => runProgram(name, path) };
    }),
  ];
};

/** Test files of the project that none of the runs has reported: they belong to no vitest project. */
export const orphans = (ran: readonly string[]): string[] =>
  globSync('{src,scripts,bench,tests,web}/**/*.test.{ts,tsx}', { cwd: projectRoot })
    .filter((path) => !/(^|[\\/])(node_modules|\.tmp)[\\/]/.test(path) && !ran.includes(path))
    .sort();
