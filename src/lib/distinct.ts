// Lists without repetitions, for those that are mostly short.

/** In the same order. A list of one or two needs no set, and is given back as it is. */
export const distinct = <T>(values: readonly T[]): readonly T[] => {
  const [first, second] = values;
  if (values.length < 2 || (values.length === 2 && first !== second)) return values;
  return [...new Set(values)];
};
