// A binary heap that gives the smallest of its items first.

export interface SmallestFirst<T> {
  push(item: T): void;
  pop(): T | undefined;
}

export function smallestFirst<T>(compare: (one: T, other: T) => number): SmallestFirst<T> {
  const heap: T[] = [];
  const swap = (i: number, j: number): void => {
    [heap[i], heap[j]] = [heap[j]!, heap[i]!];
  };
  return {
    push(item) {
      let i = heap.push(item) - 1;
      while (i > 0) {
        const parent = (i - 1) >> 1;
        if (compare(heap[parent]!, heap[i]!) <= 0) return;
        swap(parent, i);
        i = parent;
      }
    },
    pop() {
      if (heap.length < 2) return heap.pop();
      const first = heap[0];
      heap[0] = heap.pop()!;
      for (let i = 0; ; ) {
        let least = 2 * i + 1;
        if (least >= heap.length) return first;
        if (least + 1 < heap.length && compare(heap[least + 1]!, heap[least]!) < 0) least++;
        if (compare(heap[i]!, heap[least]!) <= 0) return first;
        swap(i, least);
        i = least;
      }
    },
  };
}
