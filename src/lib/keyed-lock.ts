// An asynchronous mutex for each key: holders of one key follow each other in the order they asked.

export interface KeyedLock<K> {
  /** Runs `work` alone for this key; its result or error is passed on. Not re-entrant. */
  run<T>(key: K, work: () => Promise<T>): Promise<T>;
  isHeld(key: K): boolean;
  /** Keys held or waited for. */
  readonly size: number;
}

export function keyedLock<K>(): KeyedLock<K> {
  /** The end of the queue of each key: resolved when its last asker is done. */
  const tails = new Map<K, Promise<void>>();
  return {
    async run(key, work) {
      const before = tails.get(key);
      const { promise: done, resolve: release } = Promise.withResolvers<void>();
      tails.set(key, done);
      if (before) await before;
      try {
        return await work();
      } finally {
        if (tails.get(key) === done) tails.delete(key);
        release();
      }
    },
    isHeld: (key) => tails.has(key),
    get size() {
      return tails.size;
    },
  };
}
