// Those who are told of each commit: after it is on disk and before the promises of its writers resolve.

import type { Commit } from '../database.ts';

export class CommitListeners {
  readonly #listeners: ((commit: Commit) => void)[] = [];

  add(listener: (commit: Commit) => void): void {
    this.#listeners.push(listener);
  }

  tell(commit: Commit): void {
    for (const listener of this.#listeners) {
      try {
        listener(commit);
      } catch (error) {
        // A broken listener must neither hide the commit from the others nor keep its writers waiting, nor go unseen.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
