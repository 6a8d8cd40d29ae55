// Compares two states by walking only where their hashes differ.

import { fetchNodes, type NodeSource } from './fetch-nodes.ts';
import { digitAt, FAN_OUT, type Leaf, type NodeHash, type StateNode } from './state-node.ts';

export interface EntryDifference {
  /** State-key id. */
  readonly key: number;
  /** Event nid, or undefined where the state has no such entry. */
  readonly before: number | undefined;
  readonly after: number | undefined;
}

/** One side of a comparison: a stored node, or the part of a leaf that belongs there. */
type Side = NodeHash | Leaf;
type Pair = readonly [before: Side, after: Side];

const nothing: Leaf = { kind: 'leaf', keys: [], values: [] };

function compareLeaves(before: Leaf, after: Leaf, differences: EntryDifference[]): void {
  let left = 0;
  let right = 0;
  while (left < before.keys.length || right < after.keys.length) {
    const key = Math.min(before.keys[left] ?? Infinity, after.keys[right] ?? Infinity);
    const old = before.keys[left] === key ? before.values[left++] : undefined;
    const now = after.keys[right] === key ? after.values[right++] : undefined;
    if (old !== now) differences.push({ key, before: old, after: now });
  }
}

/** A node's children by digit; a leaf is cut into what would stand below. */
function parts(node: StateNode, depth: number): readonly (Side | undefined)[] {
  if (node.kind === 'inner') return node.children;
  const cut = new Array<{ kind: 'leaf'; keys: number[]; values: number[] } | undefined>(FAN_OUT).fill(undefined);
  node.keys.forEach((key, index) => {
    const digit = digitAt(key, depth);
    cut[digit] ??= { kind: 'leaf', keys: [], values: [] };
    cut[digit].keys.push(key);
    cut[digit].values.push(node.values[index]!);
  });
  return cut;
}

/** What changed from `before` to `after`, ascending by key. Throws DamagedStateError. */
export async function diffTrees(source: NodeSource, before: NodeHash, after: NodeHash): Promise<EntryDifference[]> {
  const differences: EntryDifference[] = [];
  let level: Pair[] = before === after ? [] : [[before, after]];
  for (let depth = 0; level.length > 0; depth++) {
    const found = new Map<NodeHash, StateNode>();
    await fetchNodes(
      source,
      level.flat().filter((side) => typeof side === 'string'),
      found,
    );
    const next: Pair[] = [];
    for (const [left, right] of level) {
      const old = typeof left === 'string' ? found.get(left)! : left;
      const now = typeof right === 'string' ? found.get(right)! : right;
      if (old.kind === 'leaf' && now.kind === 'leaf') {
        compareLeaves(old, now, differences);
        continue;
      }
      const oldParts = parts(old, depth);
      const nowParts = parts(now, depth);
      for (let digit = 0; digit < FAN_OUT; digit++) {
        const pair = [oldParts[digit] ?? nothing, nowParts[digit] ?? nothing] as const;
        if (pair[0] !== pair[1]) next.push(pair);
      }
    }
    level = next;
  }
  return differences.sort((a, b) => a.key - b.key);
}
