// Reads the bytes of a state node. Strict: only what encodeNode writes is accepted, so one node has one encoding.

import { HASH_BYTES, INNER_FORMAT, LEAF_FORMAT } from './encode-node.ts';
import {
  DEPTH_MAX,
  DIGIT_BITS,
  ENTRY_MAX,
  FAN_OUT,
  LEAF_ENTRIES_MAX,
  type Leaf,
  type StateNode,
} from './state-node.ts';

/** A decoded node and, for a leaf, the place it names for itself. */
export interface PlacedNode {
  readonly node: StateNode;
  /** Undefined for an inner node and for the empty leaf. */
  readonly place: { readonly depth: number; readonly lowBits: number } | undefined;
}

interface Cursor {
  readonly body: Uint8Array;
  at: number;
}

const malformed = (why: string): Error => new Error(`malformed state node: ${why}`);

function readVarint(cursor: Cursor): number {
  let value = 0;
  let scale = 1;
  while (scale <= 2 ** 49) {
    const byte = cursor.body[cursor.at++];
    if (byte === undefined) throw malformed('ends within a number');
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      if (byte === 0 && scale > 1) throw malformed('number is not in its shortest form');
      return value;
    }
    scale *= 128;
  }
  throw malformed('number is too large');
}

function readByte(cursor: Cursor): number {
  const byte = cursor.body[cursor.at++];
  if (byte === undefined) throw malformed('ends too soon');
  return byte;
}

function readLeaf(cursor: Cursor): PlacedNode {
  const depth = readByte(cursor);
  if (depth > DEPTH_MAX) throw malformed('leaf is too deep');
  const span = 2 ** (depth * DIGIT_BITS);
  const lowBits = readVarint(cursor);
  if (lowBits >= span) throw malformed('leaf has too many shared bits');
  const count = readVarint(cursor);
  if (count > LEAF_ENTRIES_MAX) throw malformed('leaf has too many entries');
  if (count === 0 && depth > 0) throw malformed('empty leaf below the root');
  const keys: number[] = [];
  const values: number[] = [];
  let key = 0;
  let value = 0;
  for (let index = 0; index < count; index++) {
    const step = readVarint(cursor);
    if (step === 0 && index > 0) throw malformed('keys are not ascending');
    key += step;
    const turned = readVarint(cursor);
    value += turned % 2 === 0 ? turned / 2 : -(turned + 1) / 2;
    const whole = key * span + lowBits;
    if (whole > ENTRY_MAX || value < 0 || value > ENTRY_MAX) throw malformed('entry is out of range');
    keys.push(whole);
    values.push(value);
  }
  const node: Leaf = { kind: 'leaf', keys, values };
  return { node, place: count === 0 ? undefined : { depth, lowBits } };
}

function readInner(cursor: Cursor): PlacedNode {
  const count = readVarint(cursor);
  if (count <= LEAF_ENTRIES_MAX) throw malformed('inner node has too few entries');
  const bitmap = readByte(cursor) * 256 + readByte(cursor);
  if (bitmap === 0) throw malformed('inner node has no children');
  const bytes = Buffer.from(cursor.body.buffer, cursor.body.byteOffset, cursor.body.byteLength);
  const children = new Array<string | undefined>(FAN_OUT).fill(undefined);
  for (let digit = 0; digit < FAN_OUT; digit++) {
    if ((bitmap & (1 << digit)) === 0) continue;
    const end = cursor.at + HASH_BYTES;
    if (end > bytes.length) throw malformed('ends within a child');
    children[digit] = bytes.toString('hex', cursor.at, end);
    cursor.at = end;
  }
  return { node: { kind: 'inner', count, children }, place: undefined };
}

/** Throws an Error that says what is wrong with the bytes. Does not check the hash. */
export function decodeNode(body: Uint8Array): PlacedNode {
  const cursor: Cursor = { body, at: 1 };
  const format = body[0];
  if (format !== LEAF_FORMAT && format !== INNER_FORMAT) throw malformed(`unknown format ${format}`);
  const placed = format === LEAF_FORMAT ? readLeaf(cursor) : readInner(cursor);
  if (cursor.at !== body.length) throw malformed('bytes after the end');
  return placed;
}

/** The children that a stored node names: what marking from live roots follows. */
export function childHashes(body: Uint8Array): string[] {
  const { node } = decodeNode(body);
  return node.kind === 'leaf' ? [] : node.children.filter((child) => child !== undefined);
}
