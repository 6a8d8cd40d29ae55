// Gets state nodes for one operation: from memory, and what is missing there in one batch from the database.

import { decodeNode } from './decode-node.ts';
import { emptyNode, hashOfBody } from './encode-node.ts';
import type { NodeHash, StateNode } from './state-node.ts';
import type { StateNodes } from './state-nodes.ts';

/** Reads the bodies of stored nodes, one query for the whole list; what is not stored is absent from the answer. */
export type NodeLoader = (hashes: readonly NodeHash[]) => Promise<ReadonlyMap<NodeHash, Uint8Array>>;

/** Where an operation finds nodes: memory that outlives it, and a loader bound to its transaction. */
export interface NodeSource {
  readonly nodes: StateNodes;
  readonly load: NodeLoader;
}

/** A node that a root names is not stored or is not what its name says: an operator's matter, never a client's. */
export class DamagedStateError extends Error {
  readonly missing: readonly NodeHash[];
  readonly damaged: readonly NodeHash[];

  constructor(missing: readonly NodeHash[], damaged: readonly NodeHash[]) {
    super(`state nodes missing: [${missing.join(', ')}], damaged: [${damaged.join(', ')}]`);
    this.name = 'DamagedStateError';
    this.missing = missing;
    this.damaged = damaged;
  }
}

const empty = decodeNode(emptyNode.body).node;

/** Puts the nodes called `hashes` into `found`. Throws DamagedStateError. */
export async function fetchNodes(
  source: NodeSource,
  hashes: readonly NodeHash[],
  found: Map<NodeHash, StateNode>,
): Promise<void> {
  const absent: NodeHash[] = [];
  for (const hash of hashes) {
    const node = hash === emptyNode.hash ? empty : source.nodes.get(hash);
    if (node === undefined) absent.push(hash);
    else found.set(hash, node);
  }
  if (absent.length === 0) return;
  const bodies = await source.load(absent);
  const missing: NodeHash[] = [];
  const damaged: NodeHash[] = [];
  for (const hash of absent) {
    const body = bodies.get(hash);
    if (body === undefined) missing.push(hash);
    // A flipped bit is found here, before anything is built upon it.
    else if (hashOfBody(body) !== hash) damaged.push(hash);
    else {
      const { node } = decodeNode(body);
      source.nodes.put(hash, node);
      found.set(hash, node);
    }
  }
  if (missing.length > 0 || damaged.length > 0) throw new DamagedStateError(missing, damaged);
}
