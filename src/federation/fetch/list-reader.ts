// Reads lists of a JSON object that is too large to be held whole, from its bytes as they come: each element as a text of its
// own, not parsed yet. For the states of large rooms.

import { isUtf8 } from 'node:buffer';

export interface ListReader {
  /** The texts of those of the wanted values that have ended so far, by their keys. */
  readonly values: ReadonlyMap<string, string>;
  /** The elements of all the lists that end in these bytes. Throws for what cannot be such an object. */
  push(bytes: Uint8Array): string[];
  /** Throws when the object has not ended, or had not all of the lists. */
  end(): void;
}

export interface ListReaderOptions {
  /** Members of the object, which must be lists. The others are passed over. */
  readonly lists: readonly string[];
  /** Other members, of any kind, that are wanted if they are there. */
  readonly values?: readonly string[];
  /** Of an element, and of a wanted value. */
  readonly elementSizeBytesMax: number;
  /** Makes what is thrown. */
  readonly fail: (why: string) => Error;
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/** A JSON value that may come in pieces. */
class HeldValue {
  readonly #sizeBytesMax: number;
  readonly #fail: (why: string) => Error;
  readonly #pieces: Uint8Array[] = [];
  #sizeBytes = 0;
  #depth = 0;
  #isInString = false;
  #isEscaped = false;

  constructor(sizeBytesMax: number, fail: (why: string) => Error) {
    this.#sizeBytesMax = sizeBytesMax;
    this.#fail = fail;
  }

  keep(piece: Uint8Array): void {
    this.#sizeBytes += piece.length;
    if (this.#sizeBytes > this.#sizeBytesMax) {
      throw this.#fail(`something in it is larger than ${this.#sizeBytesMax} bytes`);
    }
    this.#pieces.push(piece);
  }

  text(): string {
    const [first] = this.#pieces;
    const bytes = this.#pieces.length === 1 ? first! : Buffer.concat(this.#pieces);
    if (!isUtf8(bytes)) throw this.#fail('it is not UTF-8');
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  }

  /** The index after the value's last byte; -1: it goes on in the next piece. `from`: its first byte here. */
  find(bytes: Uint8Array, from: number): number {
    let depth = this.#depth;
    let isInString = this.#isInString;
    let isEscaped = this.#isEscaped;
    let end = -1;
    for (let at = from; at < bytes.length && end === -1; at++) {
      const byte = bytes[at]!;
      if (isInString) {
        if (isEscaped) isEscaped = false;
        else if (byte === backslash) isEscaped = true;
        else if (byte === quote) {
          isInString = false;
          if (depth === 0) end = at + 1;
        }
      } else if (byte === quote) isInString = true;
      else if (byte === openBrace || byte === openBracket) depth += 1;
      else if (byte === closeBrace || byte === closeBracket) {
        // A number or a word ends before what follows it.
        if (depth === 0) end = at;
        else if (--depth === 0) end = at + 1;
      } else if (depth === 0 && (byte === comma || isSpace(byte))) end = at;
    }
    this.#depth = depth;
    this.#isInString = isInString;
    this.#isEscaped = isEscaped;
    return end;
  }
}

type Place = 'start' | 'members' | 'colon' | 'value' | 'list' | 'done';
/** What the value under way is. */
type Kind = 'key' | 'element' | 'wanted' | 'passed';

/** What may stand at each place besides values. */
const next: Readonly<Record<Place, Readonly<Record<number, Place>>>> = {
  start: { [openBrace]: 'members' },
  members: { [comma]: 'members', [closeBrace]: 'done' },
  colon: { [colon]: 'value' },
  value: {},
  list: { [comma]: 'list', [closeBracket]: 'members' },
  done: {},
};

export const createListReader = (options: ListReaderOptions): ListReader => {
  const { lists, values: wanted = [], elementSizeBytesMax, fail } = options;
  const seen = new Set<string>();
  const values = new Map<string, string>();
  let place: Place = 'start';
  let key = '';
  let kind: Kind = 'passed';
  let value: HeldValue | undefined;

  const finish = (held: HeldValue, found: string[]): void => {
    value = undefined;
    if (kind === 'element') found.push(held.text());
    else if (kind === 'key') {
      const read = keyOf(held.text());
      if (read === undefined) throw fail('it is no JSON object');
      key = read;
      if (lists.includes(key)) seen.add(key);
      place = 'colon';
    } else {
      if (kind === 'wanted') values.set(key, held.text());
      place = 'members';
    }
  };

  const kindAt = (): Kind => {
    if (place === 'members') return 'key';
    if (place === 'list') return 'element';
    return wanted.includes(key) ? 'wanted' : 'passed';
  };

  /** The value that begins with the byte; undefined: the byte stands between values. */
  const step = (byte: number): HeldValue | undefined => {
    const then = next[place][byte];
    if (then !== undefined) {
      place = then;
      return undefined;
    }
    if (place === 'value' && lists.includes(key)) {
      if (byte !== openBracket) throw fail(`it has no list of ${lists.join(' or ')}`);
      place = 'list';
      return undefined;
    }
    const isValue = place === 'value' || place === 'list' || (place === 'members' && byte === quote);
    if (!isValue || byte === closeBrace || byte === closeBracket || byte === comma) throw fail('it is no JSON object');
    kind = kindAt();
    return new HeldValue(kind === 'passed' ? Infinity : elementSizeBytesMax, fail);
  };

  return {
    values,
    push(bytes) {
      const found: string[] = [];
      for (let at = 0; at < bytes.length; ) {
        if (!value && !isSpace(bytes[at]!)) value = step(bytes[at]!);
        if (!value) {
          at += 1;
          continue;
        }
        const end = value.find(bytes, at);
        if (kind !== 'passed') value.keep(bytes.subarray(at, end === -1 ? bytes.length : end));
        if (end === -1) break;
        finish(value, found);
        at = end;
      }
      return found;
    },
    end() {
      if (place !== 'done') throw fail('it ends too early');
      const missing = lists.find((key) => !seen.has(key));
      if (missing !== undefined) throw fail(`it has no list of ${missing}`);
    },
  };
};

const keyOf = (json: string): string | undefined => {
  try {
    const key: unknown = JSON.parse(json);
    return typeof key === 'string' ? key : undefined;
  } catch {
    return undefined;
  }
};
