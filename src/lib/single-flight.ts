// One run of a work for everybody who asks for the same thing while it is under way.

export interface SingleFlight<K, V> {
  /** Joins the run of this key, or begins it. All get the same result or error. */
  run(key: K, work: () => Promise<V>): Promise<V>;
  /** Runs under way. */
  readonly size: number;
}

export function singleFlight<K, V>(): SingleFlight<K, V> {
  const flights = new Map<K, Promise<V>>();
  const fly = async (key: K, work: () => Promise<V>): Promise<V> => {
    try {
      return await work();
    } finally {
      flights.delete(key);
    }
  };
  return {
    run(key, work) {
      const known = flights.get(key);
      if (known) return known;
      // The microtask lets the flight be entered before even a work that throws at once takes it out.
      const flight = Promise.resolve().then(() => fly(key, work));
      flights.set(key, flight);
      return flight;
    },
    get size() {
      return flights.size;
    },
  };
}
