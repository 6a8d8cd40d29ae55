// The stream positions that one batch assigns: read once, counted in memory, stored once. So a failed writer leaves no gap.

import type { Audience, Change } from '../database.ts';
import type { BatchEngine } from './batch-engine.ts';

export interface PositionMark {
  readonly head: number | undefined;
  readonly count: number;
}

export class BatchPositions {
  readonly #engine: BatchEngine;
  #head: number | undefined;
  readonly changes: Change[] = [];

  constructor(engine: BatchEngine) {
    this.#engine = engine;
  }

  async next(audience: Audience, free = 0): Promise<number> {
    if (this.#head === undefined) {
      const head = await this.#engine.lockHead();
      this.#head ??= head;
    }
    this.#head += free + 1;
    this.changes.push({ position: this.#head, audience });
    return this.#head;
  }

  mark(): PositionMark {
    return { head: this.#head, count: this.changes.length };
  }

  /** Rolling back to a savepoint also gives up the lock on the head if it was taken since; then the head is read anew. */
  reset(mark: PositionMark): void {
    this.#head = mark.head;
    this.changes.length = mark.count;
  }

  /** Stores the new head and returns it; undefined when the batch assigned no position. */
  async store(): Promise<number | undefined> {
    if (this.changes.length === 0 || this.#head === undefined) return undefined;
    await this.#engine.storeHead(this.#head);
    return this.#head;
  }
}
