// Texts as the engines can hold them: PostgreSQL refuses U+0000, and neither engine keeps a lone surrogate.
// JSON text needs none of this, because canonical JSON escapes both; bare strings from clients (names, tokens, keys) do.

const ESCAPE = '\u0010';

const isPlain = (text: string): boolean => text.isWellFormed() && !text.includes('\0');

/** Lossless and injective, so that texts which are equal before are equal in SQL; most texts are returned as they are. */
export const toStoredText = (text: string): string => {
  if (isPlain(text) && !text.includes(ESCAPE)) return text;
  let stored = '';
  // Iterating by code point yields a surrogate of its own only where it is a lone one.
  for (const character of text) {
    if (character === ESCAPE) stored += ESCAPE + ESCAPE;
    else if (character === '\0') stored += `${ESCAPE}0`;
    else if (character.isWellFormed()) stored += character;
    else stored += `${ESCAPE}s${character.charCodeAt(0).toString(16)}`;
  }
  return stored;
};

/** Undoes toStoredText. */
export const fromStoredText = (stored: string): string => {
  let from = 0;
  let text = '';
  for (let at = stored.indexOf(ESCAPE); at !== -1; at = stored.indexOf(ESCAPE, from)) {
    text += stored.slice(from, at);
    const mark = stored[at + 1];
    if (mark === '0') text += '\0';
    else if (mark === 's') text += String.fromCharCode(Number.parseInt(stored.slice(at + 2, at + 6), 16));
    else text += ESCAPE;
    from = at + (mark === 's' ? 6 : 2);
  }
  return from === 0 ? stored : text + stored.slice(from);
};

/** Throws for texts that one of the engines would damage or refuse, so that a forgotten toStoredText fails on both. */
export const assertStorable = (params: readonly unknown[]): void => {
  for (const param of params) {
    if (typeof param === 'string' && !isPlain(param)) {
      throw new TypeError('A text with U+0000 or a lone surrogate must go through toStoredText before it is stored');
    }
  }
};
