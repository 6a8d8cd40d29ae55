// Words of a text without case, accents and punctuation, for search by prefix in any script.

export interface FoldLimits {
  /** UTF-16 units of the text that are looked at. */
  readonly textLengthMax: number;
  readonly wordsMax: number;
}

/** For names. */
const shortTexts: FoldLimits = { textLengthMax: 1024, wordsMax: 16 };
const wordLengthMax = 64;

/** Scripts written without spaces: there a search may begin at any character. */
export const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u;

/** Words of at most 64 UTF-16 units: lower case, compatibility forms unified, accents removed; by default at most 16. */
export function foldWords(text: string, { textLengthMax, wordsMax } = shortTexts): string[] {
  const folded = text
    .slice(0, textLengthMax)
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase();
  const words = folded.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '');
  return words.slice(0, wordsMax).map((word) => word.slice(0, wordLengthMax).toWellFormed());
}

/** What a text is found by: its words, and in scripts without spaces each word's ends as well. */
export function wordsForIndex(text: string): string[] {
  return foldWords(text).flatMap((word) => {
    if (!unspaced.test(word)) return [word];
    const characters = Array.from(word);
    return characters.map((_, index) => characters.slice(index).join(''));
  });
}
