// State nodes that are stored before anything names them: found by their hashes, and stored again without harm.

import { expect, test } from 'vitest';
import { hashToBytes, stateNodeSource } from '../../src/rooms/state/room-state.ts';
import { emptyRoot } from '../../src/rooms/state-tree/encode-node.ts';
import { allEntries } from '../../src/rooms/state-tree/read-entries.ts';
import { setEntries } from '../../src/rooms/state-tree/set-entries.ts';
import { StateNodes } from '../../src/rooms/state-tree/state-nodes.ts';
import { stateNodes, storeStateNodes } from '../../src/storage/stores/state-nodes.ts';
import { describeOnBothEngines } from '../harness/databases.ts';

describeOnBothEngines('state nodes', (open) => {
  test('of a whole state are read back, also when they are stored twice', async () => {
    const db = await open();
    const entries = Array.from({ length: 1000 }, (_, key) => [key, key + 1] as const);
    const nothing = { nodes: new StateNodes(0), load: async () => new Map() };
    const { root, newNodes } = await setEntries(nothing, emptyRoot, entries);
    const rows = newNodes.map(({ hash, body }) => ({ hash: hashToBytes(hash), body }));
    await db.write(storeStateNodes, rows.slice(1));
    await db.write(storeStateNodes, rows);
    expect(await db.read((tx) => allEntries(stateNodeSource(tx), root))).toEqual(new Map(entries));
    expect(await db.read((tx) => stateNodes(tx, [hashToBytes('00'.repeat(16))]))).toEqual([]);
  });
});
