import { expect, test } from 'vitest';
import {
  randomBytesOf,
  randomFraction,
  randomId,
  randomInt,
  randomText,
  randomToken,
  randomUpperLetters,
} from './random.ts';

test('tokens are URL-safe and differ', () => {
  const tokens = new Set(Array.from({ length: 1000 }, () => randomToken()));
  expect(tokens.size).toBe(1000);
  for (const token of tokens) expect(token).toMatch(/^[A-Za-z0-9_-]{32}$/);
});

test('ids have the asked length and alphabet', () => {
  expect(randomId()).toMatch(/^[A-Za-z0-9]{18}$/);
  expect(randomUpperLetters(10)).toMatch(/^[A-Z]{10}$/);
  expect(randomBytesOf(5)).toHaveLength(5);
  expect(randomInt(3)).toBeLessThan(3);
  expect(randomFraction()).toBeLessThan(1);
});

test('text uses its alphabet evenly', () => {
  const counts = new Map<string, number>();
  for (const letter of randomText(30_000, 'abc')) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  // Ten thousand of each, standard deviation about 82: eight deviations never happen by chance.
  for (const count of counts.values()) expect(Math.abs(count - 10_000)).toBeLessThan(660);
  expect(counts.size).toBe(3);
});
