// Nodes of the content-addressed state trees, by their hashes.

import type { ReadTx, WriteTx } from '../database.ts';
import { writer } from '../database.ts';

export interface StateNodeRow {
  readonly hash: Uint8Array;
  readonly body: Uint8Array;
}

/** Those that do not exist are left out. One statement for each node: hashes are blobs and the list is a tree's level. */
export const stateNodes = async (tx: ReadTx, hashes: readonly Uint8Array[]): Promise<StateNodeRow[]> => {
  const found: StateNodeRow[] = [];
  for (const hash of hashes) {
    const row = await tx.get<{ body: Uint8Array }>('SELECT body FROM state_nodes WHERE hash = ?', hash);
    if (row) found.push({ hash, body: row.body });
  }
  return found;
};

export const insertStateNodes = (tx: WriteTx, nodes: readonly StateNodeRow[]): Promise<void> =>
  tx.runMany(
    'INSERT INTO state_nodes (hash, body) VALUES (?, ?) ON CONFLICT DO NOTHING',
    nodes.map((node) => [node.hash, node.body]),
  );

/** Of a state that is nobody's yet. Children before their parents. */
export const storeStateNodes = writer('storeStateNodes', insertStateNodes);
