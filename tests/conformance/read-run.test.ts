import { expect, test } from 'vitest';
import { differencesOf, passedAfter, readRun } from './read-run.ts';

const line = (action: string, name: string, path = 'tests/csapi'): string =>
  JSON.stringify({ Action: action, Package: `github.com/matrix-org/complement/${path}`, Test: name });

const run = readRun(
  [
    'not json',
    line('run', 'TestA'),
    line('pass', 'TestA'),
    line('run', 'TestB'),
    line('fail', 'TestB'),
    line('run', 'TestC'),
    line('run', 'TestD/sub'),
    line('pass', 'TestD/sub'),
    line('skip', 'TestE'),
    JSON.stringify({ Action: 'fail', Package: 'github.com/matrix-org/complement/tests/csapi' }),
  ].join('\n'),
);

test('outcomes are read; a test without an end has failed', () => {
  expect(Object.fromEntries(run)).toEqual({
    'tests/csapi TestA': 'pass',
    'tests/csapi TestB': 'fail',
    'tests/csapi TestC': 'fail',
    'tests/csapi TestD/sub': 'pass',
    'tests/csapi TestE': 'skip',
  });
});

test('differences go both ways, in the packages that ran', () => {
  const listed = ['tests TestZ', 'tests/csapi TestA', 'tests/csapi TestB', 'tests/csapi TestE', 'tests/csapi TestGone'];
  const { newlyPassing, newlyFailing, counts } = differencesOf(run, listed);
  expect(newlyPassing).toEqual(['tests/csapi TestD/sub']);
  expect(newlyFailing).toEqual(['tests/csapi TestB', 'tests/csapi TestE', 'tests/csapi TestGone']);
  expect(counts).toEqual({ pass: 2, fail: 2, skip: 1 });
  expect(passedAfter(run, listed)).toEqual(['tests TestZ', 'tests/csapi TestA', 'tests/csapi TestD/sub']);
});
