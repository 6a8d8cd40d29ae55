// The auth difference of states that are known by what they differ in: "∪ Cᵢ − ∩ Cᵢ", where Cᵢ is the full auth chain of state i.
// Room versions 2 to 12, "State resolution".

/** Some states: what the first has under the keys on which any of them differ, and what each of the others has instead. */
export interface DifferingStates {
  /** By key; undefined: nothing. */
  readonly base: ReadonlyMap<number, number | undefined>;
  readonly others: readonly ReadonlyMap<number, number | undefined>[];
}

/** Auth events as far as they are to be followed. */
export type AuthsOf = (nid: number) => readonly number[];

/** Up to so many states the chain of each is followed; of more only what their differences lead to. */
const FEW = 16;

/** `isLeftOut`: in the auth chains of all states. */
export const authDifference = (
  states: DifferingStates,
  authsOf: AuthsOf,
  isLeftOut: (nid: number) => boolean,
): Set<number> => {
  const chainOf = (starts: Iterable<number | undefined>): Set<number> => {
    const chain = new Set<number>();
    const pending = [...starts];
    while (pending.length > 0) {
      const nid = pending.pop();
      if (nid === undefined || chain.has(nid) || isLeftOut(nid)) continue;
      chain.add(nid);
      for (const auth of authsOf(nid)) pending.push(auth);
    }
    return chain;
  };
  return states.others.length <= FEW ? byWholeChains(states, chainOf) : byDifferences(states, chainOf);
};

type ChainOf = (starts: Iterable<number | undefined>) => Set<number>;

const byWholeChains = ({ base, others }: DifferingStates, chainOf: ChainOf): Set<number> => {
  const ofBase = chainOf(base.values());
  const difference = new Set<number>();
  for (const other of others) {
    const values = Array.from(base, ([key, nid]) => (other.has(key) ? other.get(key) : nid));
    const ofOther = chainOf(values);
    for (const nid of ofOther) if (!ofBase.has(nid)) difference.add(nid);
    for (const nid of ofBase) if (!ofOther.has(nid)) difference.add(nid);
  }
  return difference;
};

/** A state lacks what the first has only where it replaced everything that leads there. */
const byDifferences = ({ base, others }: DifferingStates, chainOf: ChainOf): Set<number> => {
  /** By how many entries of the first state each event is reached. */
  const entries = new Map<number, number>();
  for (const nid of base.values()) for (const one of chainOf([nid])) entries.set(one, (entries.get(one) ?? 0) + 1);
  const difference = new Set<number>();
  for (const other of others) {
    const own = chainOf(other.values());
    for (const nid of own) if (!entries.has(nid)) difference.add(nid);
    const replaced = new Map<number, number>();
    for (const key of other.keys()) {
      for (const one of chainOf([base.get(key)])) replaced.set(one, (replaced.get(one) ?? 0) + 1);
    }
    for (const [nid, count] of replaced) if (count === entries.get(nid) && !own.has(nid)) difference.add(nid);
  }
  return difference;
};
