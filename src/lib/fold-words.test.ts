import { expect, test } from 'vitest';
import { foldWords, wordsForIndex } from './fold-words.ts';

test('words have no case, accents or punctuation', () => {
  expect(foldWords('  Élodie-Anne  O’Neil (ﬁne) ')).toEqual(['elodie', 'anne', 'o', 'neil', 'fine']);
  expect(foldWords('ΑΘΗΝΑ Straße 42')).toEqual(['αθηνα', 'straße', '42']);
  expect(foldWords('!?')).toEqual([]);
});

test('words are bounded in number and length, and well-formed', () => {
  const words = foldWords(`${'a'.repeat(63)}𝐀😀 ${'b '.repeat(50)}`);
  expect(words).toHaveLength(16);
  for (const word of foldWords(`${'x'.repeat(63)}𐐀`)) {
    expect(word.length).toBeLessThanOrEqual(64);
    expect(word.isWellFormed()).toBe(true);
  }
});

test('scripts without spaces are found from any character on', () => {
  expect(wordsForIndex('東京都 Tom')).toEqual(['東京都', '京都', '都', 'tom']);
});
