// The canonical bytes of a state node, and its name. Format 1:
//   leaf  0x10, depth, varint low bits shared by its keys, varint count, then for each entry ascending
//         varint (key's remaining bits - previous), varint zigzag(value - previous)
//   inner 0x11, varint count of the subtree, bitmap of children (2 bytes, big-endian), 16 bytes for each child

import { hash } from 'node:crypto';
import {
  DIGIT_BITS,
  type EncodedNode,
  FAN_OUT,
  type Inner,
  LEAF_ENTRIES_MAX,
  type Leaf,
  type NodeHash,
  type StateNode,
} from './state-node.ts';

export const LEAF_FORMAT = 0x10;
export const INNER_FORMAT = 0x11;
export const HASH_BYTES = 16;

const VARINT_BYTES_MAX = 7;
const HEADER_BYTES_MAX = 2 + 2 * VARINT_BYTES_MAX;
const scratch = Buffer.alloc(HEADER_BYTES_MAX + LEAF_ENTRIES_MAX * 2 * VARINT_BYTES_MAX);

function writeVarint(value: number, start: number): number {
  let at = start;
  let rest = value;
  // Bit operations hold 32 bits only: the high part is taken off by division.
  while (rest > 0x7fffffff) {
    scratch[at++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  while (rest > 0x7f) {
    scratch[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  scratch[at++] = rest;
  return at;
}

function encodeLeaf(leaf: Leaf, depth: number): Uint8Array {
  const span = 2 ** (depth * DIGIT_BITS);
  scratch[0] = LEAF_FORMAT;
  scratch[1] = depth;
  let at = writeVarint((leaf.keys[0] ?? 0) % span, 2);
  at = writeVarint(leaf.keys.length, at);
  let previousKey = 0;
  let previousValue = 0;
  for (let index = 0; index < leaf.keys.length; index++) {
    const key = Math.floor(leaf.keys[index]! / span);
    const value = leaf.values[index]!;
    const step = value - previousValue;
    at = writeVarint(key - previousKey, at);
    at = writeVarint(step < 0 ? -2 * step - 1 : 2 * step, at);
    previousKey = key;
    previousValue = value;
  }
  return new Uint8Array(scratch.subarray(0, at));
}

function encodeInner(inner: Inner): Uint8Array {
  scratch[0] = INNER_FORMAT;
  const bitmapAt = writeVarint(inner.count, 1);
  let at = bitmapAt + 2;
  let bitmap = 0;
  for (let digit = 0; digit < FAN_OUT; digit++) {
    const child = inner.children[digit];
    if (child === undefined) continue;
    bitmap |= 1 << digit;
    at += scratch.write(child, at, HASH_BYTES, 'hex');
  }
  scratch.writeUInt16BE(bitmap, bitmapAt);
  return new Uint8Array(scratch.subarray(0, at));
}

export const hashOfBody = (body: Uint8Array): NodeHash => hash('sha256', body, 'hex').slice(0, 2 * HASH_BYTES);

/** `depth`: how far below the root the node stands (0 to DEPTH_MAX); a leaf names its place, an inner node does not. */
export function encodeNode(node: StateNode, depth: number): EncodedNode {
  const body = node.kind === 'leaf' ? encodeLeaf(node, depth) : encodeInner(node);
  return { hash: hashOfBody(body), body, node };
}

const emptyLeaf: Leaf = { kind: 'leaf', keys: [], values: [] };
/** The state of no entries: known to everyone, stored nowhere. */
export const emptyNode: EncodedNode = encodeNode(emptyLeaf, 0);
export const emptyRoot: NodeHash = emptyNode.hash;
