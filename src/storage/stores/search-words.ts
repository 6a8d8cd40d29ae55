// The words by which events are found. Client-Server API, "Server Side Search".

import type { JsonObject } from '../../protocol/events/json.ts';
import { searchKeys } from '../../protocol/events/searched-text.ts';
import type { ReadTx, SqlValue } from '../database.ts';
import { writer } from '../database.ts';
import { wordIndexOf } from '../dialects/word-index.ts';
import { unpackRest } from '../rest-text.ts';
import { type SearchedEvent, searchTokens } from '../search-tokens.ts';
import { windowEnd } from './events.ts';
import { moveStreamCursorWithin, streamCursor } from './stream-cursors.ts';

const CONSUMER = 'search';

/** The stream position up to which events are indexed. */
export const searchCursor = async (tx: ReadTx): Promise<number> => (await streamCursor(tx, CONSUMER)) ?? 0;

interface TextRow extends SearchedEvent {
  readonly position: number;
  /** Packed JSON text; of redactions alone. */
  readonly rest: string;
  readonly redactedBy: number | null;
}

const REDACTION = 'm.room.redaction';
const types = [...Object.values(searchKeys), REDACTION];

/** Events with a position in (after, upTo] that may be found, and redactions, in order. */
const textsSince = (tx: ReadTx, after: number, upTo: number): Promise<TextRow[]> =>
  tx.all<TextRow>(
    `SELECT e.position AS "position", e.room AS "room", e.sender AS "sender", t.type AS "type", e.content AS "content",
       CASE t.type WHEN '${REDACTION}' THEN e.rest ELSE '' END AS "rest", e.redacted_by AS "redactedBy"
     FROM events e JOIN event_types t ON t.nid = e.type
     WHERE e.position > ? AND e.position <= ? AND ${tx.dialect.anyText('t.type')} ORDER BY e.position`,
    after,
    upTo,
    tx.dialect.list(types),
  );

/** Room versions keep it in the content or beside it: what is redacted in the end, the target itself tells. */
const targetsOf = ({ content, rest }: TextRow): string[] =>
  [content, unpackRest(rest)].flatMap((text) => {
    const { redacts } = JSON.parse(text) as JsonObject;
    return typeof redacts === 'string' ? redacts : [];
  });

/** Positions up to `upTo` of what the redactions took back; later ones are read without their texts. */
const redactedPositions = async (tx: ReadTx, redactions: readonly TextRow[], upTo: number): Promise<number[]> => {
  if (redactions.length === 0) return [];
  const rows = await tx.all<{ position: number }>(
    `SELECT position AS "position" FROM events
     WHERE ${tx.dialect.anyText('event_id')} AND position <= ? AND redacted_by IS NOT NULL`,
    tx.dialect.list(redactions.flatMap(targetsOf)),
    upTo,
  );
  return rows.map(({ position }) => position);
};

export interface IndexTexts {
  /** The cursor as the caller knows it. */
  readonly cursor: number;
  /** Nothing is to be indexed between the cursor and this position. */
  readonly after: number;
  /** Read no further than this. */
  readonly upTo: number;
  /** Of events that are looked at. */
  readonly limit: number;
}

export interface IndexedTexts {
  readonly cursor: number;
  /** Up to where nothing is left to be indexed: the cursor, or further where no texts come after it. */
  readonly done: number;
}

/** Indexes what the events after `after` say, and moves the cursor; does nothing where the cursor is not what the caller knows. */
export const indexTexts = writer('indexTexts', async (tx, args: IndexTexts): Promise<IndexedTexts> => {
  const cursor = await searchCursor(tx);
  if (cursor !== args.cursor) return { cursor, done: cursor };
  const done = await windowEnd(tx, args);
  const texts = await textsSince(tx, args.after, done);
  const redactions = texts.filter(({ type }) => type === REDACTION);
  const removed = await redactedPositions(tx, redactions, args.after);
  const added = texts.flatMap(({ position, redactedBy, ...event }): [number, SqlValue][] => {
    const words = redactedBy === null ? searchTokens(event) : [];
    return words.length === 0 ? [] : [[position, wordIndexOf(tx.dialect).encode(words)]];
  });
  // The cursor alone is not worth a transaction: positions without texts are looked at again after a restart.
  if (added.length === 0 && removed.length === 0) return { cursor, done };
  await tx.runMany('INSERT INTO search_words (rowid, words) VALUES (?, ?)', added);
  await tx.runMany(
    'DELETE FROM search_words WHERE rowid = ?',
    removed.map((position) => [position]),
  );
  await moveStreamCursorWithin(tx, { consumer: CONSUMER, position: done });
  return { cursor: done, done };
});

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
