// The list of test suites that `npm test` runs: the vitest projects, and every program tests/**/run.ts.

import { existsSync, globSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { projectRoot, runCommand } from '../run-command.ts';
import { type Counts, countProgram, countVitest, failedSuite, type VitestReport } from './counts.ts';
import { type Prerequisite, prerequisites } from './prerequisites.ts';

export interface Suite {
  readonly name: string;
  readonly needs: readonly Prerequisite[];
  /** It uses all cores, or measures time. */
  readonly runsAlone: boolean;
  run(): Promise<Counts>;
}

const programTimeoutMs = 30 * 60_000;
const reportFolder = join('tests', '.tmp', 'reports');

/** Shows output line by line, marked with the suite's name: suites run at the same time, and only the grand total stands alone. */
const shown = (name: string): ((text: string) => void) => {
  let line = '';
  return (text) => {
    const lines = (line + text).split('\n');
    line = lines.pop() ?? '';
    for (const complete of lines) console.log(`${name} | ${complete}`);
  };
};

/** The test files of a project that its run has not mentioned: one of them never came to its end. */
const unfinishedFiles = async (project: string, output: string): Promise<string[]> => {
  const { output: list } = await runCommand('vitest', ['list', '--filesOnly', '--project', project]);
  const files = list.match(/\S+\.test\.tsx?/g) ?? [];
  return files.filter((file) => !output.includes(file));
};

interface VitestOptions {
  readonly timeoutMs: number;
  /** Prints the output only when the run failed. */
  readonly quiet?: boolean;
}

/** Runs one project of vitest.config.ts. A run that is not over in time is killed and has failed. */
export const runVitest = async (project: string, { timeoutMs, quiet }: VitestOptions): Promise<Counts> => {
  const report = join(reportFolder, `${project}.json`);
  mkdirSync(join(projectRoot, reportFolder), { recursive: true });
  rmSync(join(projectRoot, report), { force: true });
  const { code, output } = await runCommand(
    'vitest',
    ['run', '--project', project, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
    { timeoutMs, ...(quiet ? {} : { onOutput: shown(project) }) },
  );
  if (quiet && code !== 0) console.log(output);
  if (code === 124) {
    const unfinished = await unfinishedFiles(project, output);
    return failedSuite(`failed: ${project} took over ${timeoutMs / 1000} s; not finished: ${unfinished.join(', ')}`);
  }
  if (!existsSync(join(projectRoot, report))) {
    return failedSuite(`failed: ${project} left no report, exit code ${code}`);
  }
  const result = JSON.parse(readFileSync(join(projectRoot, report), 'utf8')) as VitestReport;
  if (result.testResults.length === 0) return failedSuite(`failed: ${project} has no tests`);
  const counts = countVitest(result, code);
  const notes = counts.notes.map((note) => note.replaceAll(`${projectRoot}/`, ''));
  return { ...counts, notes, files: counts.files.map((file) => relative(projectRoot, file)) };
};

const runProgram = async (name: string, path: string): Promise<Counts> => {
  const { code, output } = await runCommand('node', [path], { timeoutMs: programTimeoutMs, onOutput: shown(name) });
  return countProgram(output, code);
};

const vitestSuite = (name: string, timeoutMs: number, needs: readonly Prerequisite[]): Suite => ({
  name,
  needs,
  runsAlone: true,
  run: () => runVitest(name, { timeoutMs }),
});

/** Every suite, in the order they begin: the quick ones first. */
export const listSuites = (): Suite[] => {
  const needs = prerequisites.filter(({ isUsed }) => isUsed());
  const programs = globSync('tests/**/run.ts', { cwd: projectRoot }).sort();
  return [
    vitestSuite('unit', 5 * 60_000, []),
    vitestSuite(
      'contract',
      10 * 60_000,
      needs.filter(({ name }) => name === 'PostgreSQL'),
    ),
    vitestSuite('journeys', 30 * 60_000, needs),
    vitestSuite('system', 30 * 60_000, needs),
    { ...vitestSuite('interop', 30 * 60_000, needs), runsAlone: false },
    ...programs.map((path): Suite => {
      const name = relative('tests', dirname(path));
      return { name, needs, runsAlone: false, run: () => runProgram(name, path) };
    }),
  ];
};

/** Every test file of the project; one that no suite has run belongs to no vitest project. */
export const listTestFiles = (): string[] =>
  globSync('{src,scripts,bench,tests,web}/**/*.test.{ts,tsx}', { cwd: projectRoot })
    .filter((path) => !/(^|[\\/])(node_modules|\.tmp)[\\/]/.test(path))
    .sort();
