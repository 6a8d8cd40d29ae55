// Reads the output of `go test -json` and compares it with a list of tests that pass.

export type Outcome = 'pass' | 'fail' | 'skip';

/** Outcome by `package Test/subtest`; the package as its path inside Complement. */
export type Run = ReadonlyMap<string, Outcome>;

interface GoEvent {
  readonly Action: string;
  readonly Package: string;
  readonly Test?: string;
}

const outcomes: ReadonlySet<string> = new Set(['pass', 'fail', 'skip']);

const packageOf = (name: string): string => name.split(' ', 1)[0] ?? '';

/** A test that was cut off by a panic or by the time limit counts as failed. */
export const readRun = (text: string): Run => {
  const run = new Map<string, Outcome>();
  for (const line of text.split('\n')) {
    if (!line.startsWith('{')) continue;
    const { Action: action, Package: path, Test: test } = JSON.parse(line) as GoEvent;
    if (test === undefined) continue;
    const name = `${path.split('/complement/').at(-1)} ${test}`;
    if (outcomes.has(action)) run.set(name, action as Outcome);
    else if (action === 'run') run.set(name, 'fail');
  }
  return run;
};

export interface Differences {
  readonly newlyPassing: readonly string[];
  /** Listed tests of the run's packages that failed, were skipped or did not run. */
  readonly newlyFailing: readonly string[];
  readonly counts: Readonly<Record<Outcome, number>>;
}

const inPackagesOf = (run: Run): ((name: string) => boolean) => {
  const packages = new Set([...run.keys()].map(packageOf));
  return (name) => packages.has(packageOf(name));
};

const passing = (run: Run): string[] => [...run].filter(([, outcome]) => outcome === 'pass').map(([name]) => name);

export const differencesOf = (run: Run, listed: readonly string[]): Differences => {
  const counts = { pass: 0, fail: 0, skip: 0 };
  for (const outcome of run.values()) counts[outcome] += 1;
  return {
    newlyPassing: passing(run)
      .filter((name) => !listed.includes(name))
      .sort(),
    newlyFailing: listed.filter((name) => inPackagesOf(run)(name) && run.get(name) !== 'pass').sort(),
    counts,
  };
};

/** The list as it is after the run: packages that did not run stay as they are. */
export const passedAfter = (run: Run, listed: readonly string[]): string[] => {
  const ran = inPackagesOf(run);
  return [...listed.filter((name) => !ran(name)), ...passing(run)].sort();
};
