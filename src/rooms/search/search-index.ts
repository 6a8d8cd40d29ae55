// Keeps the word index up with the stream, from a durable cursor: it may stop anywhere and goes on where it was.

import type { Clock, Timer } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { Database, ReadTx } from '../../storage/database.ts';
import { eventsById, eventsOfTypesSince, type StoredEvent, windowEnd } from '../../storage/stores/events.ts';
import { type IndexedWords, indexWords, searchCursor } from '../../storage/stores/search-words.ts';
import { searchKeys, searchTokens } from './search-tokens.ts';

export interface SearchIndex extends AsyncDisposable {
  /** Resolves once everything that is committed now can be found. */
  upToDate(): Promise<void>;
}

/** Events that are looked at at once: a few ms of work. */
const BATCH = 500;
/** News are gathered for this long, so that a busy server is not kept busier. */
const DELAY_MS = 500;
const RETRY_MS = 10_000;

const types = [...Object.values(searchKeys), 'm.room.redaction'];

interface Batch {
  /** The position up to which it goes. */
  readonly to: number;
  readonly added: readonly IndexedWords[];
  readonly removed: readonly number[];
}

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
      const { to, added, removed } = await readBatch(db, done, head);
      // The cursor alone is not worth a transaction: positions without texts are looked at again after a restart.
      if (added.length > 0 || removed.length > 0) {
        const moved: number = await db.write(indexWords, { from: cursor, to, added, removed });
        // Another process may have done it, or some of it.
        cursor = moved;
        done = moved;
      } else done = to;
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

const readBatch = (db: Database, from: number, head: number): Promise<Batch> =>
  db.read(async (tx) => {
    const to = await windowEnd(tx, { after: from, upTo: head, limit: BATCH });
    const events = await eventsOfTypesSince(tx, types, from, to);
    const added = events.flatMap((event): IndexedWords[] => {
      const words = searchTokens(event);
      return words.length === 0 ? [] : [{ position: event.position!, words }];
    });
    return { to, added, removed: await redactedPositions(tx, events, from) };
  });

/** Positions up to `from` of what the redactions among the events took back; later ones were read without their texts. */
const redactedPositions = async (tx: ReadTx, events: readonly StoredEvent[], from: number): Promise<number[]> => {
  const targets = events.filter(({ type }) => type === 'm.room.redaction').flatMap(targetsOf);
  if (targets.length === 0) return [];
  const redacted = await eventsById(tx, targets);
  return redacted.flatMap(({ position, redactedBy }) =>
    redactedBy !== null && position !== null && position <= from ? position : [],
  );
};

/** Room versions keep it in the content or beside it: what is redacted in the end, the target itself tells. */
const targetsOf = ({ content, rest }: StoredEvent): string[] =>
  [content, rest].flatMap((text) => {
    const { redacts } = JSON.parse(text) as JsonObject;
    return typeof redacts === 'string' ? redacts : [];
  });
