// Keeps the word index up with the stream, from a durable cursor: it may stop anywhere and goes on where it was.

import type { Clock, Timer } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Database } from '../../storage/database.ts';
import { type IndexTexts, indexTexts, searchCursor } from '../../storage/stores/search-words.ts';

export interface SearchIndex extends AsyncDisposable {
  /** Resolves once everything that is committed now can be found. */
  upToDate(): Promise<void>;
}

/** Events that are looked at at once: a few ms of work, for which other writes wait. */
const BATCH = 250;
/** News are gathered for this long, so that a busy server is not kept busier. */
const DELAY_MS = 500;
const RETRY_MS = 10_000;

export const createSearchIndex = ({ db, clock, log }: { db: Database; clock: Clock; log: Log }): SearchIndex => {
  let head = db.headAtOpen;
  /** The durable cursor; undefined before it was read. */
  let cursor: number | undefined;
  /** Up to where there is nothing left to index: the cursor, or further where no texts came after it. */
  let done = -1;
  let running: Promise<void> | undefined;
  let timer: Timer | undefined;
  let isOver = false;

  const runBatches = async (): Promise<void> => {
    cursor ??= await db.read(searchCursor);
    done = Math.max(done, cursor);
    while (!isOver && done < head) {
      const args: IndexTexts = { cursor, after: done, upTo: head, limit: BATCH };
      // Another process may have done it, or some of it.
      ({ cursor, done } = await db.write(indexTexts, args));
    }
  };
  const run = (): Promise<void> => {
    running ??= runBatches()
      .catch((error: unknown) => {
        // What was written is not known.
        cursor = undefined;
        done = -1;
        throw error;
      })
      .finally(() => {
        running = undefined;
      });
    return running;
  };
  const schedule = (delayMs: number): void => {
    if (timer || isOver) return;
    timer = clock.after(delayMs, () => {
      timer = undefined;
      run().catch((error: unknown) => {
        log.warn({ err: error }, 'the search index is behind');
        schedule(RETRY_MS);
      });
    });
  };

  db.onCommit((commit) => {
    if (commit.head <= head) return;
    head = commit.head;
    schedule(DELAY_MS);
  });
  schedule(DELAY_MS);

  return {
    async upToDate() {
      const wanted = head;
      while (!isOver && done < wanted) await run();
    },
    async [Symbol.asyncDispose]() {
      isOver = true;
      timer?.cancel();
      await running?.catch(() => {});
    },
  };
};
