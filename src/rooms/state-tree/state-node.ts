// The nodes of the state tree: a persistent radix tree from state-key id to event nid, for every room's state.
// A node's shape depends on its entries alone, so equal states have equal roots whatever their history.

/** Bits of the key that one level consumes, lowest first: interned ids differ most in their low bits. */
export const DIGIT_BITS = 4;
export const FAN_OUT = 1 << DIGIT_BITS;
/** A subtree of at most this many entries is a leaf: at its largest it weighs about what one inner node does. */
export const LEAF_ENTRIES_MAX = 64;
/** The largest key and value; leaves room for a sign bit in exact arithmetic. */
export const ENTRY_MAX = 2 ** 48 - 1;
export const DEPTH_MAX = 48 / DIGIT_BITS;

export interface Leaf {
  readonly kind: 'leaf';
  /** Ascending. */
  readonly keys: readonly number[];
  /** The value of the key at the same index. */
  readonly values: readonly number[];
}

/** `C` is how a child is known: by name once it is sealed, as a draft before. */
export interface Inner<C = NodeHash> {
  readonly kind: 'inner';
  /** Entries in the whole subtree; always more than LEAF_ENTRIES_MAX. */
  readonly count: number;
  /** FAN_OUT places by digit. */
  readonly children: readonly (C | undefined)[];
}

export type StateNode = Leaf | Inner;

/** A node's name: the first 16 bytes of the SHA-256 of its encoding, as 32 hex digits. */
export type NodeHash = string;

/** A node, and as the database keeps it. */
export interface EncodedNode {
  readonly node: StateNode;
  readonly hash: NodeHash;
  readonly body: Uint8Array;
}

export const entryCount = (node: Leaf | Inner<unknown>): number =>
  node.kind === 'leaf' ? node.keys.length : node.count;

/** The digit of `key` that chooses the child of an inner node at `depth` (the root is at 0). */
export const digitAt = (key: number, depth: number): number =>
  depth < 8
    ? (key >>> (depth * DIGIT_BITS)) & (FAN_OUT - 1)
    : ((key / 2 ** 32) >>> ((depth - 8) * DIGIT_BITS)) & (FAN_OUT - 1);

/** Where `key` stands, or would stand, in a leaf's keys. */
export function indexInLeaf(leaf: Leaf, key: number): number {
  let low = 0;
  let high = leaf.keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (leaf.keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
