import { expect, test } from 'vitest';
import { wordsOfText } from './search-tokens.ts';

test('words are folded, distinct, and single characters where there are no spaces', () => {
  expect(wordsOfText('Tea, TEA & café – ２ o’clock')).toEqual(['tea', 'cafe', '2', 'o', 'clock']);
  expect(wordsOfText('東京 tower')).toEqual(['東', '京', 'tower']);
  expect(wordsOfText('!?')).toEqual([]);
  expect(wordsOfText(Array.from({ length: 1000 }, (_, n) => `w${n}`).join(' ')).length).toBeLessThanOrEqual(500);
});
