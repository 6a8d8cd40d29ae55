// Stands for src/lib/random.ts in simulations: the same names, drawn from a seed.

import { type SeededRandom, seededRandom } from '../harness/seeded-random.ts';

let chance: SeededRandom = seededRandom(1);

export const reseed = (seed: number): void => {
  chance = seededRandom(seed).fork('chance');
};

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const ALPHANUMERIC = `${LETTERS}${LETTERS.toUpperCase()}0123456789`;

export const randomBytesOf = (sizeBytes: number): Uint8Array =>
  Uint8Array.from({ length: sizeBytes }, () => chance.below(256));
export const randomToken = (sizeBytes = 24): string => Buffer.from(randomBytesOf(sizeBytes)).toString('base64url');
export const randomInt = (max: number): number => chance.below(max);
export const randomFraction = (): number => chance.next();
export const randomText = (length: number, alphabet: string): string =>
  Array.from({ length }, () => alphabet[chance.below(alphabet.length)]).join('');
export const randomId = (length = 18): string => randomText(length, ALPHANUMERIC);
export const randomUpperLetters = (length: number): string => randomText(length, LETTERS.toUpperCase());
