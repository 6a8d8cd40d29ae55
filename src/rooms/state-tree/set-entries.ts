// Sets and removes entries of a state. Only the nodes on the changed paths are new; all others are shared.

import { emptyRoot, encodeNode } from './encode-node.ts';
import { fetchNodes, type NodeSource } from './fetch-nodes.ts';
import {
  digitAt,
  ENTRY_MAX,
  type EncodedNode,
  entryCount,
  FAN_OUT,
  type Inner,
  LEAF_ENTRIES_MAX,
  type Leaf,
  type NodeHash,
  type StateNode,
} from './state-node.ts';

/** [state-key id, event nid], or undefined to remove the entry. */
export type EntryChange = readonly [key: number, value: number | undefined];

export interface ChangedState {
  readonly root: NodeHash;
  /** What must be stored with the root, children before parents; empty when nothing changed. */
  readonly newNodes: EncodedNode[];
}

/** A subtree after the change: untouched (by name) or not yet named. */
type Draft = NodeHash | Leaf | DraftInner;
type DraftInner = Inner<Draft>;
type Loaded = ReadonlyMap<NodeHash, StateNode>;

function groupByDigit(changes: readonly EntryChange[], depth: number): (EntryChange[] | undefined)[] {
  const groups = new Array<EntryChange[] | undefined>(FAN_OUT).fill(undefined);
  for (const change of changes) {
    const digit = digitAt(change[0], depth);
    const group = groups[digit];
    if (group === undefined) groups[digit] = [change];
    else group.push(change);
  }
  return groups;
}

function removals(changes: readonly EntryChange[]): number {
  let count = 0;
  for (const [, value] of changes) if (value === undefined) count++;
  return count;
}

/** Loads every node the change may touch, level by level. */
async function loadTouched(source: NodeSource, root: NodeHash, changes: readonly EntryChange[]): Promise<Loaded> {
  const loaded = new Map<NodeHash, StateNode>();
  let level: { hash: NodeHash; changes: readonly EntryChange[]; whole: boolean }[] = [
    { hash: root, changes, whole: false },
  ];
  for (let depth = 0; level.length > 0; depth++) {
    await fetchNodes(
      source,
      level.map(({ hash }) => hash),
      loaded,
    );
    const next: typeof level = [];
    for (const place of level) {
      const node = loaded.get(place.hash)!;
      if (node.kind === 'leaf') continue;
      // A subtree that may shrink into a leaf is needed as a whole.
      const whole = place.whole || node.count - removals(place.changes) <= LEAF_ENTRIES_MAX;
      const groups = groupByDigit(place.changes, depth);
      for (let digit = 0; digit < FAN_OUT; digit++) {
        const hash = node.children[digit];
        const group = groups[digit];
        if (hash !== undefined && (whole || group !== undefined)) next.push({ hash, changes: group ?? [], whole });
      }
    }
    level = next;
  }
  return loaded;
}

/** Both lists ascend by key. Returns `leaf` itself when nothing changes. */
function mergeIntoLeaf(leaf: Leaf, changes: readonly EntryChange[]): Leaf {
  const keys: number[] = [];
  const values: number[] = [];
  let changed = false;
  let at = 0;
  for (const [key, value] of changes) {
    for (; at < leaf.keys.length && leaf.keys[at]! < key; at++) {
      keys.push(leaf.keys[at]!);
      values.push(leaf.values[at]!);
    }
    const before = leaf.keys[at] === key ? leaf.values[at++] : undefined;
    changed ||= before !== value;
    if (value === undefined) continue;
    keys.push(key);
    values.push(value);
  }
  for (; changed && at < leaf.keys.length; at++) {
    keys.push(leaf.keys[at]!);
    values.push(leaf.values[at]!);
  }
  return changed ? { kind: 'leaf', keys, values } : leaf;
}

/** Gives entries the one shape they have at `depth`; undefined when there are none. */
function shape({ keys, values }: Leaf, depth: number): Draft | undefined {
  if (keys.length === 0) return undefined;
  if (keys.length <= LEAF_ENTRIES_MAX) return { kind: 'leaf', keys, values };
  const groups = new Array<{ keys: number[]; values: number[] } | undefined>(FAN_OUT).fill(undefined);
  keys.forEach((key, index) => {
    const digit = digitAt(key, depth);
    groups[digit] ??= { keys: [], values: [] };
    groups[digit].keys.push(key);
    groups[digit].values.push(values[index]!);
  });
  const children = groups.map((group) => group && shape({ kind: 'leaf', ...group }, depth + 1));
  return { kind: 'inner', count: keys.length, children };
}

const sizeOf = (draft: Draft | undefined, loaded: Loaded): number =>
  draft === undefined ? 0 : entryCount(typeof draft === 'string' ? loaded.get(draft)! : draft);

function collect(draft: Draft, loaded: Loaded, entries: [number, number][]): void {
  const node = typeof draft === 'string' ? loaded.get(draft)! : draft;
  if (node.kind === 'inner') {
    for (const child of node.children) if (child !== undefined) collect(child, loaded, entries);
    return;
  }
  for (let index = 0; index < node.keys.length; index++) entries.push([node.keys[index]!, node.values[index]!]);
}

function collapse(inner: DraftInner, loaded: Loaded): Leaf {
  const entries: [number, number][] = [];
  collect(inner, loaded, entries);
  entries.sort((a, b) => a[0] - b[0]);
  return { kind: 'leaf', keys: entries.map(([key]) => key), values: entries.map(([, value]) => value) };
}

const emptyLeaf: Leaf = { kind: 'leaf', keys: [], values: [] };

function change(hash: NodeHash, changes: readonly EntryChange[], depth: number, loaded: Loaded): Draft | undefined {
  const node = loaded.get(hash)!;
  if (node.kind === 'leaf') {
    const merged = mergeIntoLeaf(node, changes);
    return merged === node ? hash : shape(merged, depth);
  }
  const children: (Draft | undefined)[] = [...node.children];
  let count = node.count;
  let changed = false;
  groupByDigit(changes, depth).forEach((group, digit) => {
    if (group === undefined) return;
    const before = node.children[digit];
    const after =
      before === undefined
        ? shape(mergeIntoLeaf(emptyLeaf, group), depth + 1)
        : change(before, group, depth + 1, loaded);
    if (after === before) return;
    changed = true;
    count += sizeOf(after, loaded) - sizeOf(before, loaded);
    children[digit] = after;
  });
  if (!changed) return hash;
  const inner: DraftInner = { kind: 'inner', count, children };
  if (count === 0) return undefined;
  return count <= LEAF_ENTRIES_MAX ? collapse(inner, loaded) : inner;
}

/** Names a draft and everything new below it. */
function seal(draft: Draft, depth: number, newNodes: EncodedNode[]): NodeHash {
  if (typeof draft === 'string') return draft;
  const node: StateNode =
    draft.kind === 'leaf'
      ? draft
      : { ...draft, children: draft.children.map((child) => child && seal(child, depth + 1, newNodes)) };
  const encoded = encodeNode(node, depth);
  newNodes.push(encoded);
  return encoded.hash;
}

function ordered(changes: readonly EntryChange[]): readonly EntryChange[] {
  for (const [key, value = 0] of changes) {
    if (!(Number.isInteger(key) && key >= 0 && key <= ENTRY_MAX)) throw new RangeError(`state key id ${key}`);
    if (!(Number.isInteger(value) && value >= 0 && value <= ENTRY_MAX)) throw new RangeError(`event nid ${value}`);
  }
  if (changes.length < 2) return changes;
  return [...new Map(changes)].sort((a, b) => a[0] - b[0]);
}

/** Of several changes to one key the last one counts. Throws DamagedStateError. */
export async function setEntries(
  source: NodeSource,
  root: NodeHash,
  changes: readonly EntryChange[],
): Promise<ChangedState> {
  const inOrder = ordered(changes);
  if (inOrder.length === 0) return { root, newNodes: [] };
  const loaded = await loadTouched(source, root, inOrder);
  const draft = change(root, inOrder, 0, loaded);
  if (draft === undefined) return { root: emptyRoot, newNodes: [] };
  const newNodes: EncodedNode[] = [];
  return { root: seal(draft, 0, newNodes), newNodes };
}
