// Polls of one device make room for each other.

import { expect, test } from 'vitest';
import { createPolls } from './polls.ts';

const client = (): AbortSignal => new AbortController().signal;

test('the oldest of too many ends, of the same device only', () => {
  const polls = createPolls();
  const other = polls.enter(2, client());
  const entered = Array.from({ length: 5 }, () => polls.enter(1, client()));
  expect(entered.map(({ signal }) => signal.aborted)).toEqual([true, false, false, false, false]);
  expect(other.signal.aborted).toBe(false);
});

test('those that ended do not count', () => {
  const polls = createPolls();
  for (let n = 0; n < 20; n++) polls.enter(1, client())[Symbol.dispose]();
  const entered = Array.from({ length: 4 }, () => polls.enter(1, client()));
  expect(entered.some(({ signal }) => signal.aborted)).toBe(false);
});

test('a poll ends with its client', () => {
  const polls = createPolls();
  const gone = new AbortController();
  const poll = polls.enter(1, gone.signal);
  gone.abort();
  expect(poll.signal.aborted).toBe(true);
  expect(polls.enter(1, gone.signal).signal.aborted).toBe(true);
});
