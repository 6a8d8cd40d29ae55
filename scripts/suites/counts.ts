// How many tests passed, failed and were skipped: read from the reports of suites, added up, printed.

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** What failed, and what was skipped: one line each. */
  readonly notes: readonly string[];
  /** Test files that ran, as the report names them. */
  readonly files: readonly string[];
}

export const noCounts: Counts = { passed: 0, failed: 0, skipped: 0, notes: [], files: [] };

/** A suite that could not run at all counts as one failed test. */
export const failedSuite = (why: string): Counts => ({ ...noCounts, failed: 1, notes: [why] });

export const addCounts = (a: Counts, b: Counts): Counts => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
  notes: [...a.notes, ...b.notes],
  files: [...a.files, ...b.files],
});

export const formatCounts = ({ passed, failed, skipped }: Counts): string =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;

/** A report of `vitest --reporter=json`, as far as it is read here. */
export interface VitestReport {
  readonly success: boolean;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

const countFile = ({ name, status, message, assertionResults }: VitestReport['testResults'][number]): Counts => {
  const tests = assertionResults.map(({ status, fullName }): Counts => {
    if (status === 'passed') return { ...noCounts, passed: 1 };
    if (status === 'failed') return { ...noCounts, failed: 1, notes: [`failed: ${name}: ${fullName}`] };
    return { ...noCounts, skipped: 1, notes: [`skipped: ${name}: ${fullName}`] };
  });
  const counts = tests.reduce(addCounts, { ...noCounts, files: [name] });
  if (status !== 'failed' || counts.failed > 0) return counts;
  // The file itself failed: it did not load, or a hook threw.
  return addCounts(counts, failedSuite(`failed: ${name}: ${message.split('\n')[0]}`));
};

/** Counts of a vitest run. `code` is its exit code: a run that failed without a failed test has failed once. */
export const countVitest = (report: VitestReport, code: number): Counts => {
  const counts = report.testResults.map(countFile).reduce(addCounts, noCounts);
  if (counts.failed > 0 || (code === 0 && report.success)) return counts;
  return addCounts(counts, failedSuite(`failed: vitest ended with code ${code} outside of any test`));
};

const countsLine = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/gm;

/** Counts from the output of a test program, whose last such line reads "N passed, N failed[, N skipped]". */
export const countProgram = (output: string, code: number): Counts => {
  const [, passed, failed, skipped] = [...output.matchAll(countsLine)].at(-1) ?? [];
  if (passed === undefined) return failedSuite(`failed: no line of counts, exit code ${code}`);
  const counts: Counts = { ...noCounts, passed: +passed, failed: +(failed ?? 0), skipped: +(skipped ?? 0) };
  return code !== 0 && counts.failed === 0 ? addCounts(counts, failedSuite(`failed: exit code ${code}`)) : counts;
};
