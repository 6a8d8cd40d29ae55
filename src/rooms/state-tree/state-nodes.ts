// The state nodes in memory: a bounded cache of decoded nodes, and those written but not yet committed.

import type { EncodedNode, NodeHash, StateNode } from './state-node.ts';

/** What became of held nodes: exactly one of the two is called, once. */
export interface HeldNodes {
  /** They are in the database: from now on they may be forgotten and read back. */
  commit(): void;
  /** They were not written: nobody may find them any more. */
  discard(): void;
}

interface Held {
  readonly node: StateNode;
  holders: number;
  isStored: boolean;
}

export class StateNodes {
  readonly #generationMax: number;
  // Two generations instead of a strict order of use: a hit moves nothing, and this is read several times a send.
  #recent = new Map<NodeHash, StateNode>();
  #older = new Map<NodeHash, StateNode>();
  readonly #held = new Map<NodeHash, Held>();

  /** `nodesMax`: how many committed nodes to keep; a node takes 0.3 to 1.5 kB. Held nodes come on top. */
  constructor(nodesMax: number) {
    this.#generationMax = Math.ceil(nodesMax / 2);
  }

  get size(): number {
    return this.#recent.size + this.#older.size + this.#held.size;
  }

  get(hash: NodeHash): StateNode | undefined {
    const recent = this.#recent.get(hash);
    if (recent !== undefined) return recent;
    const older = this.#older.get(hash);
    if (older === undefined) return this.#held.get(hash)?.node;
    this.#older.delete(hash);
    this.put(hash, older);
    return older;
  }

  /** Keeps a node; what was not asked for while half the bound was filled anew is forgotten. */
  put(hash: NodeHash, node: StateNode): void {
    if (this.#recent.size >= this.#generationMax) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    if (this.#generationMax > 0) this.#recent.set(hash, node);
  }

  /** Makes new nodes readable before they are committed, and keeps them however full the cache is. */
  hold(newNodes: readonly EncodedNode[]): HeldNodes {
    for (const { hash, node } of newNodes) {
      const held = this.#held.get(hash);
      if (held !== undefined) held.holders++;
      else {
        this.#held.set(hash, { node, holders: 1, isStored: false });
        // What was made is read soon.
        this.put(hash, node);
      }
    }
    return {
      commit: () => this.#release(newNodes, true),
      discard: () => this.#release(newNodes, false),
    };
  }

  /** Forgets nodes that a sweep removed from the database. */
  forget(hashes: Iterable<NodeHash>): void {
    for (const hash of hashes) {
      this.#recent.delete(hash);
      this.#older.delete(hash);
    }
  }

  #release(nodes: readonly EncodedNode[], committed: boolean): void {
    for (const { hash } of nodes) {
      const held = this.#held.get(hash);
      if (held === undefined) continue;
      held.isStored ||= committed;
      if (--held.holders > 0) continue;
      this.#held.delete(hash);
      if (!held.isStored) this.forget([hash]);
    }
  }
}
