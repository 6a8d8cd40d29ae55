// The words by which events are found.

import { foldWords, unspaced } from '../lib/fold-words.ts';
import { type SearchKey, searchedText, searchKeys } from '../protocol/events/searched-text.ts';

/** What a search may find. */
export interface SearchedEvent {
  readonly type: string;
  /** JSON text. */
  readonly content: string;
  /** nid. */
  readonly room: number;
  /** nid. */
  readonly sender: number;
}

/** A long message is found by what it begins with. */
const limits = { textLengthMax: 16 * 1024, wordsMax: 500 };

/** Distinct folded words of a text; in scripts without spaces every character is a word. */
export const wordsOfText = (text: string): string[] => {
  const words = foldWords(text, limits).flatMap((word) => (unspaced.test(word) ? Array.from(word) : [word]));
  return [...new Set(words)];
};

// Words of texts, rooms, senders and keys share one index: a letter before each tells them apart.
export const wordToken = (word: string): string => `w${word}`;
export const roomToken = (room: number): string => `r${room}`;
export const senderToken = (sender: number): string => `s${sender}`;
export const keyToken = (key: SearchKey): string => `k${key.slice('content.'.length)}`;

/** Everything an event is found by; empty for events that searches do not find. */
export const searchTokens = (event: SearchedEvent): string[] => {
  const words = wordsOfText(searchedText(event));
  if (words.length === 0) return [];
  const key = Object.entries(searchKeys).find(([, type]) => type === event.type)![0] as SearchKey;
  return [...words.map(wordToken), roomToken(event.room), senderToken(event.sender), keyToken(key)];
};
