// Reads a state: one entry, some, or all of them; level by level, so the database is asked at most once per level.

import { emptyRoot } from './encode-node.ts';
import { fetchNodes, type NodeSource } from './fetch-nodes.ts';
import { digitAt, FAN_OUT, indexInLeaf, type NodeHash, type StateNode } from './state-node.ts';
import type { StateNodes } from './state-nodes.ts';

/** State-key id → event nid. */
export type StateEntries = Map<number, number>;

/** The event nid at `key`, or undefined, if all nodes on the way are in memory; 'absent': they are not. */
export function entryInMemory(nodes: StateNodes, root: NodeHash, key: number): number | undefined | 'absent' {
  if (root === emptyRoot) return undefined;
  let hash: NodeHash | undefined = root;
  for (let depth = 0; hash !== undefined; depth++) {
    const node = nodes.get(hash);
    if (node === undefined) return 'absent';
    if (node.kind === 'leaf') {
      const index = indexInLeaf(node, key);
      return node.keys[index] === key ? node.values[index] : undefined;
    }
    hash = node.children[digitAt(key, depth)];
  }
  return undefined;
}

interface Wanted {
  readonly hash: NodeHash;
  readonly keys: readonly number[];
}

function descend(node: StateNode, keys: readonly number[], depth: number, entries: StateEntries): Wanted[] {
  if (node.kind === 'leaf') {
    for (const key of keys) {
      const index = indexInLeaf(node, key);
      if (node.keys[index] === key) entries.set(key, node.values[index]!);
    }
    return [];
  }
  const byDigit = Array.from({ length: FAN_OUT }, (): number[] => []);
  for (const key of keys) byDigit[digitAt(key, depth)]!.push(key);
  const wanted: Wanted[] = [];
  for (let digit = 0; digit < FAN_OUT; digit++) {
    const hash = node.children[digit];
    if (hash !== undefined && byDigit[digit]!.length > 0) wanted.push({ hash, keys: byDigit[digit]! });
  }
  return wanted;
}

async function readEntries(
  source: NodeSource,
  root: NodeHash,
  keys: readonly number[],
  entries: StateEntries,
): Promise<void> {
  const found = new Map<NodeHash, StateNode>();
  let level: Wanted[] = [{ hash: root, keys }];
  for (let depth = 0; level.length > 0; depth++) {
    await fetchNodes(
      source,
      level.map(({ hash }) => hash),
      found,
    );
    level = level.flatMap((wanted) => descend(found.get(wanted.hash)!, wanted.keys, depth, entries));
  }
}

/** The entries of those `keys` that are set. Throws DamagedStateError. */
export async function getEntries(source: NodeSource, root: NodeHash, keys: readonly number[]): Promise<StateEntries> {
  const entries: StateEntries = new Map();
  const absent: number[] = [];
  for (const key of keys) {
    const entry = entryInMemory(source.nodes, root, key);
    if (entry === 'absent') absent.push(key);
    else if (entry !== undefined) entries.set(key, entry);
  }
  if (absent.length > 0) await readEntries(source, root, absent, entries);
  return entries;
}

/** The event nid at `key`, or undefined. Throws DamagedStateError. */
export async function getEntry(source: NodeSource, root: NodeHash, key: number): Promise<number | undefined> {
  const entry = entryInMemory(source.nodes, root, key);
  return entry === 'absent' ? (await getEntries(source, root, [key])).get(key) : entry;
}

/** Every entry of the state; in no order to rely on. Throws DamagedStateError. */
export async function allEntries(source: NodeSource, root: NodeHash): Promise<StateEntries> {
  const entries: StateEntries = new Map();
  let level: NodeHash[] = [root];
  while (level.length > 0) {
    const found = new Map<NodeHash, StateNode>();
    await fetchNodes(source, level, found);
    const next: NodeHash[] = [];
    for (const node of found.values()) {
      if (node.kind === 'inner') {
        for (const child of node.children) if (child !== undefined) next.push(child);
        continue;
      }
      for (let index = 0; index < node.keys.length; index++) entries.set(node.keys[index]!, node.values[index]!);
    }
    level = next;
  }
  return entries;
}

/** How many entries the state has; reads the root alone. Throws DamagedStateError. */
export async function countEntries(source: NodeSource, root: NodeHash): Promise<number> {
  const found = new Map<NodeHash, StateNode>();
  await fetchNodes(source, [root], found);
  const node = found.get(root)!;
  return node.kind === 'leaf' ? node.keys.length : node.count;
}
