import { expect, test } from 'vitest';
import { addCounts, countProgram, countVitest, formatCounts, noCounts, type VitestReport } from './counts.ts';

const file = (status: string, ...statuses: string[]): VitestReport['testResults'][number] => ({
  name: 'a.test.ts',
  status,
  message: 'SyntaxError\n  at x',
  assertionResults: statuses.map((each, i) => ({ status: each, fullName: `test ${i}` })),
});

const report = (success: boolean, ...testResults: VitestReport['testResults'][number][]): VitestReport => ({
  success,
  testResults,
});

test('tests are counted by their outcome, skipped ones by name', () => {
  const counts = countVitest(report(false, file('failed', 'passed', 'failed', 'pending', 'todo')), 1);
  expect(formatCounts(counts)).toBe('1 passed, 1 failed, 2 skipped');
  expect(counts.notes).toEqual([
    'failed: a.test.ts: test 1',
    'skipped: a.test.ts: test 2',
    'skipped: a.test.ts: test 3',
  ]);
  expect(counts.files).toEqual(['a.test.ts']);
});

test('a file that does not load is a failure', () => {
  const counts = countVitest(report(false, file('failed'), file('passed', 'passed')), 1);
  expect(formatCounts(counts)).toBe('1 passed, 1 failed');
  expect(counts.notes).toEqual(['failed: a.test.ts: SyntaxError']);
});

test('a run that fails outside of any test is a failure', () => {
  expect(countVitest(report(true, file('passed', 'passed')), 0).failed).toBe(0);
  expect(countVitest(report(true, file('passed', 'passed')), 1).failed).toBe(1);
  expect(countVitest(report(false, file('passed', 'passed')), 0).failed).toBe(1);
});

test('a program tells its counts in its last line of them', () => {
  expect(formatCounts(countProgram('1 passed, 9 failed\nmore\n12 passed, 0 failed, 3 skipped\nbye\n', 0))).toBe(
    '12 passed, 0 failed, 3 skipped',
  );
  expect(countProgram('12 passed, 0 failed\n', 1).failed).toBe(1);
  expect(countProgram('crashed\n', 0).failed).toBe(1);
  expect(countProgram('of 12 passed, 0 failed\n', 0).failed).toBe(1);
});

test('counts add up', () => {
  const counts = countProgram('2 passed, 1 failed\n', 1);
  expect(formatCounts([counts, counts].reduce(addCounts, noCounts))).toBe('4 passed, 2 failed');
});
