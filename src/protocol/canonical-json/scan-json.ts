// One pass over a JSON text before it is parsed: how deep it is nested, and whether a number in it needs care.

import { badJson } from '../errors/matrix-error.ts';

export interface JsonScan {
  /** A float, a number with an exponent, or an integer of more than 15 digits. */
  readonly hasUnusualNumber: boolean;
}

const doubleQuote = 0x22;
const backslash = 0x5c;

/** Takes linear time and no stack. Throws M_BAD_JSON when nested deeper than `depthMax`. The text may still be no JSON. */
export const scanJson = (text: string, depthMax: number): JsonScan => {
  let depth = 0;
  let hasUnusualNumber = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === doubleQuote) {
      i = endOfString(text, i);
    } else if (c === 0x7b || c === 0x5b) {
      if (++depth > depthMax) throw badJson(`JSON is nested deeper than ${depthMax} levels`);
    } else if (c === 0x7d || c === 0x5d) {
      depth--;
    } else if (c === 0x2d || (c >= 0x30 && c <= 0x39)) {
      const end = endOfNumber(text, i);
      hasUnusualNumber ||= end - i > 15 || !isDigits(text, i + (c === 0x2d ? 1 : 0), end);
      i = end - 1;
    }
  }
  return { hasUnusualNumber };
};

/** The index of the closing quote, or the text's length. */
export const endOfString = (text: string, start: number): number => {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end;
};

const isEscaped = (text: string, index: number): boolean => {
  let first = index;
  while (text.charCodeAt(first - 1) === backslash) first--;
  return (index - first) % 2 === 1;
};

const endOfNumber = (text: string, start: number): number => {
  let end = start + 1;
  for (; end < text.length; end++) {
    const c = text.charCodeAt(end);
    // Digits, '+', '-', '.', 'e' and 'E'.
    if (!((c >= 0x30 && c <= 0x39) || c === 0x2b || c === 0x2d || c === 0x2e || c === 0x65 || c === 0x45)) break;
  }
  return end;
};

const isDigits = (text: string, start: number, end: number): boolean => {
  for (let i = start; i < end; i++) if (text.charCodeAt(i) < 0x30 || text.charCodeAt(i) > 0x39) return false;
  return true;
};
