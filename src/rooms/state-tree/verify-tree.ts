// Proves a stored state by arithmetic: every hash, every place, every count, past all caches. For doctor and verify.

import { decodeNode, type PlacedNode } from './decode-node.ts';
import { emptyRoot, hashOfBody } from './encode-node.ts';
import type { NodeLoader } from './fetch-nodes.ts';
import { DEPTH_MAX, DIGIT_BITS, entryCount, type NodeHash, type StateNode } from './state-node.ts';

export interface TreeProblem {
  readonly hash: NodeHash;
  /** misplaced: its bytes are sound, but it does not belong under its parent. */
  readonly kind: 'missing' | 'damaged' | 'misplaced';
  readonly why: string;
}

export interface TreeReport {
  /** Nodes read and found sound, without those proven earlier. */
  readonly nodes: number;
  /** Entries under sound leaves. */
  readonly entries: number;
  readonly problems: TreeProblem[];
}

interface Place {
  readonly hash: NodeHash;
  readonly depth: number;
  /** The key bits that lead here. */
  readonly lowBits: number;
}

const BATCH_NODES_MAX = 1024;

/** What is wrong with one stored row, seen alone; undefined when it is sound. */
export function verifyNode(hash: NodeHash, body: Uint8Array): TreeProblem | undefined {
  const result = inspect(hash, body);
  return 'kind' in result ? result : undefined;
}

function inspect(hash: NodeHash, body: Uint8Array | undefined): PlacedNode | TreeProblem {
  if (body === undefined) return { hash, kind: 'missing', why: 'it is not stored' };
  const actual = hashOfBody(body);
  if (actual !== hash) return { hash, kind: 'damaged', why: `its bytes hash to ${actual}` };
  try {
    return decodeNode(body);
  } catch (error) {
    return { hash, kind: 'damaged', why: error instanceof Error ? error.message : String(error) };
  }
}

function misplaced({ node, place }: PlacedNode, { hash, depth, lowBits }: Place): TreeProblem | undefined {
  const wrong = (why: string): TreeProblem => ({ hash, kind: 'misplaced', why });
  if (node.kind === 'inner') return depth >= DEPTH_MAX ? wrong('an inner node below the last digit') : undefined;
  if (place === undefined) return wrong('the empty leaf has no name of its own in a tree');
  if (place.depth === depth && place.lowBits === lowBits) return undefined;
  return wrong(`a leaf of depth ${place.depth}, bits ${place.lowBits}, at depth ${depth}, bits ${lowBits}`);
}

/** An inner node must count exactly what stands below it; only subtrees that are sound as a whole can be judged. */
function countBelow(
  hash: NodeHash,
  sound: ReadonlyMap<NodeHash, StateNode>,
  counts: Map<NodeHash, number>,
  problems: TreeProblem[],
): number | undefined {
  const known = counts.get(hash);
  if (known !== undefined) return known;
  const node = sound.get(hash);
  if (node === undefined) return undefined;
  let total: number | undefined = 0;
  if (node.kind === 'leaf') total = node.keys.length;
  else {
    for (const child of node.children) {
      if (child === undefined) continue;
      const below = countBelow(child, sound, counts, problems);
      total = total === undefined || below === undefined ? undefined : total + below;
    }
    if (total !== undefined && total !== node.count) {
      problems.push({ hash, kind: 'misplaced', why: `counts ${node.count} entries where ${total} are` });
      total = undefined;
    }
  }
  if (total !== undefined) counts.set(hash, total);
  return total;
}

/**
 * Recomputes every hash below `root`, reading through `load` alone, at most 1,024 nodes at once.
 * `proven` (hash → entries below) may be carried from one root to the next: what they share is read once.
 */
export async function verifyTree(
  root: NodeHash,
  load: NodeLoader,
  proven: Map<NodeHash, number> = new Map(),
): Promise<TreeReport> {
  const problems: TreeProblem[] = [];
  const sound = new Map<NodeHash, StateNode>();
  const waiting: Place[] = root === emptyRoot ? [] : [{ hash: root, depth: 0, lowBits: 0 }];
  while (waiting.length > 0) {
    const batch = waiting.splice(-BATCH_NODES_MAX).filter(({ hash }) => !proven.has(hash));
    if (batch.length === 0) continue;
    const bodies = await load(batch.map(({ hash }) => hash));
    for (const place of batch) {
      const result = inspect(place.hash, bodies.get(place.hash));
      const problem = 'kind' in result ? result : misplaced(result, place);
      if ('kind' in result || problem !== undefined) {
        if (problem !== undefined) problems.push(problem);
        continue;
      }
      sound.set(place.hash, result.node);
      if (result.node.kind === 'leaf') continue;
      result.node.children.forEach((hash, digit) => {
        const lowBits = place.lowBits + digit * 2 ** (place.depth * DIGIT_BITS);
        if (hash !== undefined) waiting.push({ hash, depth: place.depth + 1, lowBits });
      });
    }
  }
  countBelow(root, sound, proven, problems);
  let entries = 0;
  for (const node of sound.values()) if (node.kind === 'leaf') entries += entryCount(node);
  return { nodes: sound.size, entries, problems };
}
