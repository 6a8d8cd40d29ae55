// A first-in first-out queue that says no when it is full. Taking from an empty queue waits.

export interface BoundedQueue<T> {
  /** False when the queue is full or closed: the caller decides what to drop. */
  push(item: T): boolean;
  /** The oldest item; waits for one. undefined once the queue is closed and empty. */
  take(): Promise<T | undefined>;
  /** Up to `max` items that are there now, oldest first. */
  drain(max: number): T[];
  /** No more items are accepted; waiting takers get undefined. */
  close(): void;
  readonly length: number;
  readonly lengthMax: number;
}

export function boundedQueue<T>(lengthMax: number): BoundedQueue<T> {
  // A ring with a head index: shift() on a long array would copy it each time.
  let items: (T | undefined)[] = [];
  let head = 0;
  let closed = false;
  const takers: ((item: T | undefined) => void)[] = [];

  const shift = (): T => {
    const item = items[head] as T;
    items[head] = undefined;
    head += 1;
    if (head > 64 && head * 2 > items.length) {
      items = items.slice(head);
      head = 0;
    }
    return item;
  };

  return {
    push(item) {
      if (closed) return false;
      const taker = takers.shift();
      if (taker) {
        taker(item);
        return true;
      }
      if (items.length - head >= lengthMax) return false;
      items.push(item);
      return true;
    },
    take() {
      if (items.length > head) return Promise.resolve(shift());
      if (closed) return Promise.resolve(undefined);
      return new Promise((resolve) => takers.push(resolve));
    },
    drain(max) {
      const taken: T[] = [];
      while (taken.length < max && items.length > head) taken.push(shift());
      return taken;
    },
    close() {
      closed = true;
      for (const taker of takers.splice(0)) taker(undefined);
    },
    get length() {
      return items.length - head;
    },
    lengthMax,
  };
}
