// Globs against a plain definition, at the edges of words, and on hostile patterns.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileGlob, matchesWhole, matchesWords } from './glob.ts';

/** The definition, exponential and plain. */
function matches(pattern: string[], text: string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return text.length === 0;
  if (first === '*') return matches(rest, text) || (text.length > 0 && matches(pattern, text.slice(1)));
  return text.length > 0 && (first === '?' || first === text[0]) && matches(rest, text.slice(1));
}

const isWord = (character: string | undefined): boolean => character !== undefined && /[A-Za-z0-9_]/.test(character);

function matchesSomewhere(pattern: string[], text: string[]): boolean {
  const edges = Array.from({ length: text.length + 1 }, (_, at) => at).filter(
    (at) => !(isWord(text[at - 1]) && isWord(text[at])),
  );
  return edges.some((start) => edges.some((end) => end >= start && matches(pattern, text.slice(start, end))));
}

const pattern = fc.array(fc.constantFrom('a', 'b', '-', '*', '?', '😀'), { maxLength: 7 });
const text = fc.array(fc.constantFrom('a', 'b', '-', ' ', '😀'), { maxLength: 9 });

describe('globs', () => {
  it('match whole texts as defined', () => {
    fc.assert(
      fc.property(pattern, text, (p, t) => {
        expect(matchesWhole(compileGlob(p.join('')), t.join(''))).toBe(matches(p, t));
      }),
      { numRuns: 2000 },
    );
  });

  it('match parts of texts at the edges of words', () => {
    fc.assert(
      fc.property(
        pattern.filter((p) => p.some((c) => c !== '*')),
        text,
        (p, t) => {
          expect(matchesWords(compileGlob(p.join('')), t.join(''))).toBe(matchesSomewhere(p, t));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('longer than one word of bits carry over', () => {
    const long = `${'a'.repeat(40)}*${'b'.repeat(70)}?c`;
    expect(matchesWhole(compileGlob(long), `${'a'.repeat(40)}xyz${'b'.repeat(71)}c`)).toBe(true);
    expect(matchesWhole(compileGlob(long), `${'a'.repeat(39)}xyz${'b'.repeat(71)}c`)).toBe(false);
    expect(matchesWords(compileGlob('x'.repeat(64)), `a ${'x'.repeat(64)} b`)).toBe(true);
    expect(matchesWords(compileGlob('x'.repeat(64)), `a ${'x'.repeat(65)} b`)).toBe(false);
  });

  it('can leave the wildcards plain', () => {
    expect(matchesWhole(compileGlob('a?*', { questionMark: false }), 'a?xyz')).toBe(true);
    expect(matchesWhole(compileGlob('a?*', { questionMark: false }), 'abxyz')).toBe(false);
    expect(matchesWhole(compileGlob('a*', { star: false }), 'ab')).toBe(false);
  });

  it('take time in proportion to the text on patterns made to backtrack', () => {
    const hostile = compileGlob(`${'*a'.repeat(100)}b`);
    expect(matchesWords(hostile, 'a'.repeat(65_536))).toBe(false);
    expect(matchesWhole(hostile, 'a'.repeat(65_536))).toBe(false);
  });
});
