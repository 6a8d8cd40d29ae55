// The `rest` of an event as the database holds it: what nearly every event has in common stands as one control character.
// Canonical JSON escapes these, so they mean nothing else, and any text is given back as it was.

/** By their marks, U+0001 and on; what a mark stands for never changes, as it is in databases. */
const PIECES = [
  '{"auth_events":["$',
  '"],"hashes":{"sha256":"',
  '"},"prev_events":["$',
  '"],"signatures":{"',
  '":{"ed25519:',
  '"}}}',
  '","$',
  '":"',
];

const marks = PIECES.map((piece, index) => ({ piece, mark: String.fromCharCode(index + 1) }));
const pieceOf = new Map(marks.map(({ piece, mark }) => [mark, piece]));
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are the marks.
const anyMark = /[\u0001-\u0008]/g; // oxlint-disable-line no-control-regex

/** `rest` is canonical JSON. */
export const packRest = (rest: string): string => {
  let packed = rest;
  for (const { piece, mark } of marks) packed = packed.replaceAll(piece, mark);
  return packed;
};

/** Undoes packRest. */
export const unpackRest = (packed: string): string => packed.replace(anyMark, (mark) => pieceOf.get(mark)!);
