// Runs work on a list of things, a few at a time.

/** Results in the order of the things. Rejects with the first failure. */
export const inLanes = async <T, R>(
  things: readonly T[],
  laneCount: number,
  work: (thing: T, index: number) => Promise<R>,
): Promise<R[]> => {
  const results: R[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < things.length; index = next++) results[index] = await work(things[index]!, index);
  };
  await Promise.all(Array.from({ length: Math.min(laneCount, things.length) }, lane));
  return results;
};
