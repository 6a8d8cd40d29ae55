// What a device was told counts once it has come back with the token of that answer.

import { expect, test } from 'vitest';
import { createLazyMembers } from './lazy-members.ts';

test('a member is known from the token on that told of it', () => {
  const members = createLazyMembers();
  members.told(1, 10, 7, 70, 100);
  expect(members.knows(1, 10, 7, 70, 99)).toBe(false);
  expect(members.knows(1, 10, 7, 70, 100)).toBe(true);
  expect([members.knows(2, 10, 7, 70, 100), members.knows(1, 11, 7, 70, 100)]).toEqual([false, false]);
});

test('a changed member is not known by its former event', () => {
  const members = createLazyMembers();
  members.told(1, 10, 7, 70, 100);
  members.told(1, 10, 7, 71, 200);
  expect([members.knows(1, 10, 7, 70, 200), members.knows(1, 10, 7, 71, 200)]).toEqual([false, true]);
});

test('telling the same again does not take the knowledge back', () => {
  const members = createLazyMembers();
  members.told(1, 10, 7, 70, 100);
  members.told(1, 10, 7, 70, 200);
  expect(members.knows(1, 10, 7, 70, 150)).toBe(true);
});

test('is bounded and can be forgotten', () => {
  const members = createLazyMembers();
  for (let key = 0; key <= 1000; key++) members.told(1, 10, key, key, 100);
  expect([members.knows(1, 10, 0, 0, 100), members.knows(1, 10, 1000, 1000, 100)]).toEqual([false, true]);
  members.forget(1, 10);
  expect(members.knows(1, 10, 1000, 1000, 100)).toBe(false);
});
