import { expect, test } from 'vitest';
import type { JsonObject } from '../../protocol/events/json.ts';
import { searchedText, wordsOfText } from './search-tokens.ts';

test('words are folded, distinct, and single characters where there are no spaces', () => {
  expect(wordsOfText('Tea, TEA & café – ２ o’clock')).toEqual(['tea', 'cafe', '2', 'o', 'clock']);
  expect(wordsOfText('東京 tower')).toEqual(['東', '京', 'tower']);
  expect(wordsOfText('!?')).toEqual([]);
  expect(wordsOfText(Array.from({ length: 1000 }, (_, n) => `w${n}`).join(' ')).length).toBeLessThanOrEqual(500);
});

const text = (type: string, content: JsonObject): string => searchedText({ type, content: JSON.stringify(content) });

test('only the keys that the specification names are searched', () => {
  expect(text('m.room.message', { body: 'said', name: 'x' })).toBe('said');
  expect(text('m.room.name', { name: 'named', body: 'x' })).toBe('named');
  expect(text('m.room.encrypted', { body: 'x' })).toBe('');
  expect(text('m.room.message', { body: 7 })).toBe('');
  const topic: JsonObject = { 'm.text': [{ mimetype: 'text/html', body: '<b>x</b>' }, { body: 'plain' }] };
  expect(text('m.room.topic', { topic: 'old', 'm.topic': topic })).toBe('old\nplain');
  expect(text('m.room.topic', { topic: 'plain', 'm.topic': topic })).toBe('plain');
  for (const broken of [null, [], { 'm.text': {} }, { 'm.text': [null] }]) {
    expect(text('m.room.topic', { 'm.topic': broken as JsonObject })).toBe('');
  }
});
