// One time for all simulated servers, which passes only when nothing is left to do at the present moment.

import { type Clock, sleepOn, type Timer } from '../../src/lib/clock.ts';

interface Due {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
  isCancelled: boolean;
}

/** Turns of the event loop without a wish for more: then everything that could go on without time has gone on. */
const IDLE_TURNS = 6;
const START_TS = 1_700_000_000_000;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export class VirtualTime {
  /** A heap, the earliest first. */
  readonly #heap: Due[] = [];
  #elapsedMs: number;
  #order = 0;

  constructor(elapsedMs = 0) {
    this.#elapsedMs = elapsedMs;
  }

  get elapsedMs(): number {
    return this.#elapsedMs;
  }

  after(delayMs: number, run: () => void): Timer {
    const at = this.#elapsedMs + Math.max(delayMs, 0);
    const due: Due = { at, order: this.#order++, run, isCancelled: false };
    this.#push(due);
    return {
      cancel: () => {
        due.isCancelled = true;
      },
    };
  }

  /** A server's clock. `skewMs`: how far it goes wrong. `isAlive`: a dead server's timers do nothing. */
  clock(skewMs: number, isAlive: () => boolean): Clock {
    const after: Clock['after'] = (delayMs, run) =>
      this.after(delayMs, () => {
        if (isAlive()) run();
      });
    return {
      now: () => START_TS + skewMs + Math.floor(this.#elapsedMs),
      monotonic: () => this.#elapsedMs,
      after,
      sleep: sleepOn(after),
    };
  }

  /** Lets everything go on that waits for no time. */
  async settle(): Promise<void> {
    for (let count = 0; count < IDLE_TURNS; count++) await turn();
  }

  /** Lets time pass. */
  async pass(byMs: number): Promise<void> {
    const until = this.#elapsedMs + byMs;
    await this.settle();
    for (let due = this.#pop(until); due; due = this.#pop(until)) {
      this.#elapsedMs = due.at;
      if (due.isCancelled) continue;
      due.run();
      await this.settle();
    }
    this.#elapsedMs = until;
  }

  #push(due: Due): void {
    const heap = this.#heap;
    heap.push(due);
    let index = heap.length - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(heap[index]!, heap[parent]!)) break;
      [heap[index], heap[parent]] = [heap[parent]!, heap[index]!];
      index = parent;
    }
  }

  #pop(until: number): Due | undefined {
    const heap = this.#heap;
    const first = heap[0];
    if (!first || first.at > until) return undefined;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    heap[0] = last;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      let least = index;
      if (left < heap.length && isBefore(heap[left]!, heap[least]!)) least = left;
      if (left + 1 < heap.length && isBefore(heap[left + 1]!, heap[least]!)) least = left + 1;
      if (least === index) return first;
      [heap[index], heap[least]] = [heap[least]!, heap[index]!];
      index = least;
    }
  }
}

const isBefore = (a: Due, b: Due): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);
