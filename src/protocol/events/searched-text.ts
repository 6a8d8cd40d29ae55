// What of events is searched. Client-Server API, "Server Side Search": the supported keys.

import { isJsonObject, type Json, type JsonObject } from './json.ts';

/** A key of the request, and the type of event it belongs to. */
export const searchKeys = {
  'content.body': 'm.room.message',
  'content.name': 'm.room.name',
  'content.topic': 'm.room.topic',
} as const;

export type SearchKey = keyof typeof searchKeys;

/** The text of an event that is searched; '' for others. `content` is JSON. */
export const searchedText = ({ type, content }: { readonly type: string; readonly content: string }): string => {
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
