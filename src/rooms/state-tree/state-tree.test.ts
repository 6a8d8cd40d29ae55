// The state tree against a Map: contents, canonical shape, differences, deletion, encoding and proof.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { childHashes, decodeNode } from './decode-node.ts';
import { diffTrees } from './diff-trees.ts';
import { emptyNode, emptyRoot, encodeNode, hashOfBody } from './encode-node.ts';
import { DamagedStateError, type NodeSource } from './fetch-nodes.ts';
import { allEntries, countEntries, getEntries, getEntry } from './read-entries.ts';
import { type EntryChange, setEntries } from './set-entries.ts';
import { DIGIT_BITS, ENTRY_MAX, LEAF_ENTRIES_MAX } from './state-node.ts';
import { StateNodes } from './state-nodes.ts';
import { verifyNode, verifyTree } from './verify-tree.ts';

/** A store of node bodies that counts its queries, with a cache far smaller than the trees. */
function makeStore(nodesMax = 8) {
  const bodies = new Map<string, Uint8Array>();
  const loads: number[] = [];
  const source: NodeSource = {
    nodes: new StateNodes(nodesMax),
    load: async (hashes) => {
      loads.push(hashes.length);
      const entries = hashes.map((hash) => [hash, bodies.get(hash)] as const);
      return new Map(entries.filter((entry): entry is readonly [string, Uint8Array] => entry[1] !== undefined));
    },
  };
  const set = async (root: string, changes: readonly EntryChange[]): Promise<string> => {
    const changed = await setEntries(source, root, changes);
    for (const { hash, body } of changed.newNodes) bodies.set(hash, body);
    return changed.root;
  };
  return { bodies, loads, source, set };
}

const range = (count: number, step = 1): EntryChange[] =>
  Array.from({ length: count }, (_, index) => [index * step, index + 1000] as const);

// Dense keys share leaves; keys that agree in many low bits make long paths.
const key = fc.oneof(
  fc.integer({ min: 0, max: 400 }),
  fc.integer({ min: 0, max: 300 }).map((n) => n * 2 ** 34 + 5),
  fc.integer({ min: 0, max: ENTRY_MAX }),
);
const value = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: ENTRY_MAX }));
const change = fc.tuple(key, fc.option(value, { nil: undefined, freq: 3 }));
const batches = fc.array(fc.array(change, { maxLength: 150 }), { maxLength: 6 });
const content = fc.array(fc.tuple(key, value), { maxLength: 300 }).map((entries) => new Map(entries));

function applyTo(model: Map<number, number>, changes: readonly EntryChange[]): void {
  for (const [k, v] of changes) {
    if (v === undefined) model.delete(k);
    else model.set(k, v);
  }
}

describe('entries', () => {
  it('equal a Map model, and the root depends on content alone', async () => {
    await fc.assert(
      fc.asyncProperty(batches, async (all) => {
        const store = makeStore();
        const model = new Map<number, number>();
        let root = emptyRoot;
        for (const changes of all) {
          root = await store.set(root, changes);
          applyTo(model, changes);
        }
        expect(await allEntries(store.source, root)).toEqual(model);
        expect(await countEntries(store.source, root)).toBe(model.size);
        const asked = [...new Set(all.flat().map(([k]) => k))];
        expect(await getEntries(store.source, root, asked)).toEqual(model);
        expect(await makeStore().set(emptyRoot, [...model].reverse())).toBe(root);
        const report = await verifyTree(root, store.source.load);
        expect(report).toMatchObject({ entries: model.size, problems: [] });
      }),
      { numRuns: 60 },
    );
  });

  it('are one leaf up to the limit, split above it and collapse below it', async () => {
    const store = makeStore();
    const full = await store.set(emptyRoot, range(LEAF_ENTRIES_MAX));
    expect(childHashes(store.bodies.get(full)!)).toEqual([]);
    const split = await store.set(full, [[LEAF_ENTRIES_MAX, 1]]);
    expect(childHashes(store.bodies.get(split)!)).toHaveLength(16);
    expect(await store.set(split, [[LEAF_ENTRIES_MAX, undefined]])).toBe(full);
    expect(
      await store.set(
        split,
        range(65).map(([k]) => [k, undefined] as const),
      ),
    ).toBe(emptyRoot);
  });

  it('collapse several levels at once', async () => {
    const store = makeStore();
    const deep = await store.set(emptyRoot, range(200, 2 ** 40));
    const few = await store.set(
      deep,
      range(199, 2 ** 40).map(([k]) => [k, undefined] as const),
    );
    expect(few).toBe(await makeStore().set(emptyRoot, [[199 * 2 ** 40, 1199]]));
  });

  it('that do not change write nothing', async () => {
    const store = makeStore();
    const root = await store.set(emptyRoot, range(500));
    const same = await setEntries(store.source, root, [
      [7, 1007],
      [900, undefined],
      [3, 5],
      [3, 1003],
    ]);
    expect(same).toEqual({ root, newNodes: [] });
  });

  it('outside the range are refused', async () => {
    const store = makeStore();
    await expect(setEntries(store.source, emptyRoot, [[-1, 1]])).rejects.toThrow(RangeError);
    await expect(setEntries(store.source, emptyRoot, [[1, ENTRY_MAX + 1]])).rejects.toThrow(RangeError);
    await expect(setEntries(store.source, emptyRoot, [[1.5, 1]])).rejects.toThrow(RangeError);
  });

  it('are read with one query per level, and one change writes one node per level', async () => {
    const store = makeStore(0);
    const root = await store.set(emptyRoot, range(30_000));
    store.loads.length = 0;
    expect((await allEntries(store.source, root)).size).toBe(30_000);
    expect(store.loads).toEqual([1, 16, 256, 4096]);
    store.loads.length = 0;
    const { newNodes } = await setEntries(store.source, root, [[12_345, 1]]);
    expect(store.loads).toEqual([1, 1, 1, 1]);
    expect(newNodes).toHaveLength(4);
    expect(newNodes.reduce((sum, { body }) => sum + body.length, 0)).toBeLessThan(900);
  });
});

describe('diffTrees', () => {
  it('equals the difference of the models', async () => {
    await fc.assert(
      fc.asyncProperty(content, content, fc.boolean(), async (first, other, related) => {
        const second = related ? new Map([...first, ...[...other].slice(0, 9)]) : other;
        const store = makeStore();
        const a = await store.set(emptyRoot, [...first]);
        const b = await store.set(emptyRoot, [...second]);
        const expected = [...new Set([...first.keys(), ...second.keys()])]
          .filter((k) => first.get(k) !== second.get(k))
          .sort((x, y) => x - y)
          .map((k) => ({ key: k, before: first.get(k), after: second.get(k) }));
        expect(await diffTrees(store.source, a, b)).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it('reads only where the trees differ', async () => {
    const store = makeStore(0);
    const a = await store.set(emptyRoot, range(30_000));
    const b = await store.set(a, [[12_345, 1]]);
    store.loads.length = 0;
    expect(await diffTrees(store.source, a, b)).toEqual([{ key: 12_345, before: 13_345, after: 1 }]);
    expect(store.loads).toEqual([2, 2, 2, 2]);
  });
});

describe('encoding', () => {
  const depth = fc.integer({ min: 0, max: 11 });

  it('of a leaf comes back', () => {
    fc.assert(
      fc.property(depth, fc.array(fc.tuple(key, value), { minLength: 1, maxLength: 64 }), (at, entries) => {
        const span = 2 ** (at * DIGIT_BITS);
        const sorted = [...new Map(entries.map(([k, v]) => [k - (k % span) + (5 % span), v]))].sort(
          (a, b) => a[0] - b[0],
        );
        fc.pre(sorted.every(([k]) => k <= ENTRY_MAX));
        const leaf = { kind: 'leaf', keys: sorted.map(([k]) => k), values: sorted.map(([, v]) => v) } as const;
        const decoded = decodeNode(encodeNode(leaf, at).body);
        expect(decoded).toEqual({ node: leaf, place: { depth: at, lowBits: 5 % span } });
      }),
    );
  });

  it('is the only one a node has: whatever decodes encodes to the same bytes', async () => {
    const store = makeStore();
    await store.set(emptyRoot, [...range(80), [2 ** 40, 3]]);
    const bodies = [...store.bodies.values()];
    fc.assert(
      fc.property(fc.nat(bodies.length - 1), fc.nat(400), fc.integer({ min: 1, max: 255 }), (which, at, flip) => {
        const body = Uint8Array.from(bodies[which]!);
        body[at % body.length]! ^= flip;
        let decoded: ReturnType<typeof decodeNode>;
        try {
          decoded = decodeNode(body);
        } catch {
          return;
        }
        expect(encodeNode(decoded.node, decoded.place?.depth ?? 0).body).toEqual(body);
      }),
      { numRuns: 500 },
    );
  });

  it('of the empty state is fixed', () => {
    expect([...emptyNode.body]).toEqual([0x10, 0, 0, 0]);
    expect(emptyRoot).toBe(hashOfBody(emptyNode.body));
  });
});

describe('verifyTree', () => {
  it('finds every flipped byte and every missing node', async () => {
    const store = makeStore();
    const root = await store.set(emptyRoot, range(90));
    for (const [hash, body] of [...store.bodies]) {
      for (let at = 0; at < body.length; at++) {
        const flipped = Uint8Array.from(body);
        flipped[at]! ^= 0x40;
        expect(verifyNode(hash, flipped)).toMatchObject({ hash, kind: 'damaged' });
        const load: NodeSource['load'] = async (hashes) =>
          new Map(hashes.map((h) => [h, h === hash ? flipped : store.bodies.get(h)!]));
        expect((await verifyTree(root, load)).problems).toMatchObject([{ hash, kind: 'damaged' }]);
      }
      store.bodies.delete(hash);
      expect((await verifyTree(root, store.source.load)).problems).toMatchObject([{ hash, kind: 'missing' }]);
      store.bodies.set(hash, body);
    }
  });

  it('finds sound nodes in wrong places and wrong counts', async () => {
    const store = makeStore();
    const root = await store.set(emptyRoot, range(90));
    const { node } = decodeNode(store.bodies.get(root)!);
    if (node.kind !== 'inner') throw new Error('expected an inner node');
    const put = (wrong: typeof node): string => {
      const { hash, body } = encodeNode(wrong, 0);
      store.bodies.set(hash, body);
      return hash;
    };
    const swapped = put({ ...node, children: [node.children[1], node.children[0], ...node.children.slice(2)] });
    const kinds = (await verifyTree(swapped, store.source.load)).problems.map(({ kind }) => kind);
    expect(kinds).toEqual(['misplaced', 'misplaced']);
    const miscounted = put({ ...node, count: 91 });
    expect((await verifyTree(miscounted, store.source.load)).problems).toMatchObject([{ hash: miscounted }]);
  });

  it('reads what two roots share once', async () => {
    const store = makeStore();
    const a = await store.set(emptyRoot, range(2000));
    const b = await store.set(a, [[5, 1]]);
    const proven = new Map<string, number>();
    expect((await verifyTree(a, store.source.load, proven)).nodes).toBeGreaterThan(200);
    expect(await verifyTree(b, store.source.load, proven)).toMatchObject({ nodes: 3, problems: [] });
  });
});

describe('reading', () => {
  it('a missing or damaged node is an error that names it', async () => {
    const store = makeStore(0);
    const root = await store.set(emptyRoot, range(90));
    const [gone, broken] = childHashes(store.bodies.get(root)!) as [string, string];
    store.bodies.delete(gone);
    store.bodies.set(broken, Uint8Array.of(1, 2, 3));
    const failure = await allEntries(store.source, root).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DamagedStateError);
    expect(failure).toMatchObject({ missing: [gone], damaged: [broken] });
    expect(await getEntry(store.source, root, 2)).toBe(1002);
  });
});

describe('StateNodes', () => {
  it('keeps what is asked for again, within its bound', async () => {
    const nodes = new StateNodes(10);
    const leaf = { kind: 'leaf', keys: [], values: [] } as const;
    nodes.put('often', leaf);
    for (let index = 0; index < 100; index++) {
      nodes.put(`once ${index}`, leaf);
      expect(nodes.get('often')).toBe(leaf);
      expect(nodes.size).toBeLessThanOrEqual(10);
    }
    expect(nodes.get('once 99')).toBe(leaf);
    expect(nodes.get('once 80')).toBeUndefined();
  });

  it('serves nodes that are not committed, until every holder let go', async () => {
    const store = makeStore(100);
    const { root, newNodes } = await setEntries(store.source, emptyRoot, range(90));
    const first = store.source.nodes.hold(newNodes);
    const second = store.source.nodes.hold(newNodes);
    first.discard();
    expect(await getEntry(store.source, root, 4)).toBe(1004);
    second.discard();
    await expect(getEntry(store.source, root, 4)).rejects.toThrow(DamagedStateError);
    store.source.nodes.hold(newNodes).commit();
    expect(await getEntry(store.source, root, 4)).toBe(1004);
    store.source.nodes.forget([root]);
    await expect(getEntry(store.source, root, 4)).rejects.toThrow(DamagedStateError);
  });
});
