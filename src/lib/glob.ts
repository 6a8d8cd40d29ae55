// Glob patterns matched in linear time, whatever the pattern: all readings of it advance together, as bits, over the text.
// `*` is any sequence of characters, `?` exactly one; a character is a code point. Case matters: lower both to ignore it.

export interface Glob {
  /** Plain characters and `?` (as ANY_ONE), without the stars. */
  readonly tokens: readonly number[];
  /** Words of 32 bits that hold one bit for each place between tokens. */
  readonly words: number;
  /** Places that a star lets stay, whatever comes. */
  readonly stays: Int32Array;
  /** For each character of the pattern: the places it advances, those of `?` included. */
  readonly advances: ReadonlyMap<number, Int32Array>;
  /** The places that any other character advances: those of `?`. */
  readonly advancesAny: Int32Array;
}

const ANY_ONE = -1;

export interface GlobOptions {
  /** False: `?` stands for itself. */
  readonly questionMark?: boolean;
  /** False: `*` stands for itself. */
  readonly star?: boolean;
}

const setBit = (bits: Int32Array, place: number): void => {
  bits[place >>> 5]! |= 1 << (place & 31);
};

const hasBit = (bits: Int32Array, place: number): boolean => ((bits[place >>> 5]! >>> (place & 31)) & 1) === 1;

/** Costs time and memory in proportion to the pattern's length times its different characters: bound the length. */
export function compileGlob(pattern: string, options: GlobOptions = {}): Glob {
  const { questionMark = true, star = true } = options;
  const tokens: number[] = [];
  const starPlaces: number[] = [];
  for (const character of pattern) {
    if (character === '*' && star) starPlaces.push(tokens.length);
    else tokens.push(character === '?' && questionMark ? ANY_ONE : character.codePointAt(0)!);
  }
  const words = (tokens.length >>> 5) + 1;
  const stays = new Int32Array(words);
  for (const place of starPlaces) setBit(stays, place);
  const advancesAny = new Int32Array(words);
  tokens.forEach((token, place) => {
    if (token === ANY_ONE) setBit(advancesAny, place);
  });
  const advances = new Map<number, Int32Array>();
  tokens.forEach((token, place) => {
    if (token === ANY_ONE) return;
    const places = advances.get(token) ?? Int32Array.from(advancesAny);
    setBit(places, place);
    advances.set(token, places);
  });
  return { tokens, words, stays, advances, advancesAny };
}

/** Moves `places` over one character; returns whether any place is left. */
function step(glob: Glob, places: Int32Array, character: number): boolean {
  const advances = glob.advances.get(character) ?? glob.advancesAny;
  let carry = 0;
  let alive = 0;
  for (let word = 0; word < glob.words; word++) {
    const here = places[word]!;
    const moved = here & advances[word]!;
    places[word] = (moved << 1) | carry | (here & glob.stays[word]!);
    carry = moved >>> 31;
    alive |= places[word]!;
  }
  return alive !== 0;
}

/** Whether the pattern matches the entire text. */
export function matchesWhole(glob: Glob, text: string): boolean {
  const places = new Int32Array(glob.words);
  setBit(places, 0);
  for (let at = 0; at < text.length; ) {
    const character = text.codePointAt(at)!;
    if (!step(glob, places, character)) return false;
    at += character > 0xffff ? 2 : 1;
  }
  return hasBit(places, glob.tokens.length);
}

const isWordCharacter = (code: number): boolean =>
  (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57) || code === 95;

/** Whether the pattern matches some part of the text that starts and ends at the edge of a word of [A-Za-z0-9_]. */
export function matchesWords(glob: Glob, text: string): boolean {
  const places = new Int32Array(glob.words);
  const end = glob.tokens.length;
  let beforeIsWord = false;
  for (let at = 0; at < text.length; ) {
    const character = text.codePointAt(at)!;
    const isWord = isWordCharacter(character);
    // An edge stands everywhere but between two characters of one word.
    if (!(beforeIsWord && isWord)) {
      if (at > 0 && hasBit(places, end)) return true;
      setBit(places, 0);
    }
    step(glob, places, character);
    beforeIsWord = isWord;
    at += character > 0xffff ? 2 : 1;
  }
  return hasBit(places, end) || (text === '' && end === 0);
}
