// The order in which the targets of an SRV answer are tried. RFC 2782, "Usage rules".

export interface SrvTarget {
  /** A host name without a dot at its end; '' stands for the root, "decidedly not available". */
  readonly host: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** `random`: numbers in [0, 1). The lowest priority comes first; among equals, chance by weight. */
export function orderSrv(targets: readonly SrvTarget[], random: () => number): SrvTarget[] {
  const ordered: SrvTarget[] = [];
  const byPriority = Map.groupBy(targets, ({ priority }) => priority);
  for (const priority of [...byPriority.keys()].sort((a, b) => a - b)) {
    // "arrange all SRV RRs … so that … those with weight 0 are placed at the beginning of the list"
    const left = (byPriority.get(priority) ?? []).toSorted((a, b) => a.weight - b.weight);
    while (left.length > 0) {
      const total = left.reduce((sum, { weight }) => sum + weight, 0);
      let chosen = Math.floor(random() * (total + 1));
      const index = left.findIndex(({ weight }) => {
        chosen -= weight;
        return chosen <= 0;
      });
      ordered.push(...left.splice(Math.max(index, 0), 1));
    }
  }
  return ordered;
}
