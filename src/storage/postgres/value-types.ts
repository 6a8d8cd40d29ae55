// How PostgreSQL's columns become SqlValues: the same numbers and bytes as SQLite gives.

import type { CustomTypesConfig } from 'pg';

const wholeNumber = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`The integer ${text} is too large for a JavaScript number`);
  return value;
};

/** PostgreSQL's hex form `\x…`. Copied out of Node's shared buffers, so that a clone of it is small. */
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.slice(2), 'hex'));

// Object ids of the built-in types, from PostgreSQL's pg_type.dat.
const parsers: Readonly<Record<number, (text: string) => string | number | Uint8Array>> = {
  16: (text) => (text === 't' ? 1 : 0),
  17: bytes,
  20: wholeNumber,
  21: Number,
  23: Number,
  26: Number,
  700: Number,
  701: Number,
  1700: Number,
};

const asText = (text: string): string => text;

export const valueTypes: CustomTypesConfig = {
  getTypeParser: (oid: number) => parsers[oid] ?? asText,
};
