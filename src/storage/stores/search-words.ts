// The words by which events are found. Client-Server API, "Server Side Search".

import type { ReadTx } from '../database.ts';
import { writer } from '../database.ts';
import { wordIndexOf } from '../dialects/word-index.ts';
import { moveStreamCursorWithin, streamCursor } from './stream-cursors.ts';

const CONSUMER = 'search';

/** The stream position up to which events are indexed. */
export const searchCursor = async (tx: ReadTx): Promise<number> => (await streamCursor(tx, CONSUMER)) ?? 0;

export interface IndexedWords {
  readonly position: number;
  readonly words: readonly string[];
}

/** Adds and removes words and moves the cursor; does nothing when the cursor is not at `from` any more. The cursor after. */
export const indexWords = writer(
  'indexWords',
  async (
    tx,
    args: {
      readonly from: number;
      readonly to: number;
      readonly added: readonly IndexedWords[];
      /** Positions. */
      readonly removed: readonly number[];
    },
  ): Promise<number> => {
    const cursor = await searchCursor(tx);
    if (cursor !== args.from) return cursor;
    const index = wordIndexOf(tx.dialect);
    await tx.runMany(
      'INSERT INTO search_words (rowid, words) VALUES (?, ?)',
      args.added.map(({ position, words }) => [position, index.encode(words)]),
    );
    await tx.runMany(
      'DELETE FROM search_words WHERE rowid = ?',
      args.removed.map((position) => [position]),
    );
    await moveStreamCursorWithin(tx, { consumer: CONSUMER, position: args.to });
    return args.to;
  },
);

export interface WordsQuestion {
  readonly all: readonly string[];
  /** Of each list, one word at least. */
  readonly anyOf: readonly (readonly string[])[];
  /** Only positions up to and including this. */
  readonly upTo: number;
  readonly limit: number;
}

/** Positions of events with the words, latest first. */
export const positionsWithWords = async (tx: ReadTx, question: WordsQuestion): Promise<number[]> => {
  const { condition, params } = wordIndexOf(tx.dialect).match(question.all, question.anyOf);
  const rows = await tx.all<{ position: number }>(
    `SELECT rowid AS "position" FROM search_words WHERE ${condition} AND rowid <= ? ORDER BY rowid DESC LIMIT ?`,
    ...params,
    question.upTo,
    question.limit,
  );
  return rows.map((row) => row.position);
};

/** How many events have the words; no more than `limit` are counted. */
export const countWithWords = async (tx: ReadTx, question: Omit<WordsQuestion, 'upTo'>): Promise<number> => {
  const { condition, params } = wordIndexOf(tx.dialect).match(question.all, question.anyOf);
  const row = await tx.get<{ count: number }>(
    `SELECT count(*) AS "count" FROM (SELECT rowid FROM search_words WHERE ${condition} LIMIT ?) AS counted`,
    ...params,
    question.limit,
  );
  return row!.count;
};
