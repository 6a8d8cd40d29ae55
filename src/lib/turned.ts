// A list that begins further on, for those who ask others at each attempt.

/** The list from its element at `by` on, then those before it; it goes round as often as it has to. */
export const turned = <T>(list: readonly T[], by: number): T[] => {
  const from = list.length === 0 ? 0 : by % list.length;
  return [...list.slice(from), ...list.slice(0, from)];
};
