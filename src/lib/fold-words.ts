// Words of a text without case, accents and punctuation, for search by prefix in any script.

/** Words of one text that are looked at. */
const wordsMax = 16;
const wordLengthMax = 64;

/** Scripts written without spaces: there a search may begin at any character. */
const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u;

/** At most 16 words of at most 64 UTF-16 units: lower case, compatibility forms unified, accents removed. */
export function foldWords(text: string): string[] {
  const folded = text
    .slice(0, 1024)
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
