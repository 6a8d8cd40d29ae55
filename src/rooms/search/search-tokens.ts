// The words by which events are found. Client-Server API, "Server Side Search": the supported keys.

import { foldWords, unspaced } from '../../lib/fold-words.ts';
import { isJsonObject, type Json, type JsonObject } from '../../protocol/events/json.ts';
import type { StoredEvent } from '../../storage/stores/events.ts';

/** A key of the request, and the type of event it belongs to. */
export const searchKeys = {
  'content.body': 'm.room.message',
  'content.name': 'm.room.name',
  'content.topic': 'm.room.topic',
} as const;

export type SearchKey = keyof typeof searchKeys;

/** A long message is found by what it begins with. */
const limits = { textLengthMax: 16 * 1024, wordsMax: 500 };

/** Distinct folded words of a text; in scripts without spaces every character is a word. */
export const wordsOfText = (text: string): string[] => {
  const words = foldWords(text, limits).flatMap((word) => (unspaced.test(word) ? Array.from(word) : [word]));
  return [...new Set(words)];
};

/** The text of an event that is searched; '' for others. */
export const searchedText = ({ type, content }: Pick<StoredEvent, 'type' | 'content'>): string => {
  const key = Object.entries(searchKeys).find(([, keyType]) => keyType === type)?.[0];
  if (key === undefined) return '';
  const fields = JSON.parse(content) as JsonObject;
  const name = key.slice('content.'.length);
  const texts = [fields[name], ...(name === 'topic' ? [plainTopic(fields['m.topic'])] : [])];
  return [...new Set(texts.filter((text) => typeof text === 'string'))].join('\n');
};

/** "as well as the body of the text/plain representation in content['m.topic']". */
const plainTopic = (topic: Json | undefined): Json | undefined => {
  const texts = isJsonObject(topic) ? topic['m.text'] : undefined;
  if (!Array.isArray(texts)) return undefined;
  const plain = texts.find((each) => isJsonObject(each) && (each.mimetype ?? 'text/plain') === 'text/plain');
  return isJsonObject(plain) ? plain.body : undefined;
};

// Words of texts, rooms, senders and keys share one index: a letter before each tells them apart.
export const wordToken = (word: string): string => `w${word}`;
export const roomToken = (room: number): string => `r${room}`;
export const senderToken = (sender: number): string => `s${sender}`;
export const keyToken = (key: SearchKey): string => `k${key.slice('content.'.length)}`;

/** Everything an event is found by; empty for events that searches do not find. */
export const searchTokens = (event: StoredEvent): string[] => {
  if (event.redactedBy !== null) return [];
  const words = wordsOfText(searchedText(event));
  if (words.length === 0) return [];
  const key = Object.entries(searchKeys).find(([, type]) => type === event.type)![0] as SearchKey;
  return [...words.map(wordToken), roomToken(event.room), senderToken(event.senderNid), keyToken(key)];
};
