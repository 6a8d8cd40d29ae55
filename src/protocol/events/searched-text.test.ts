import { expect, test } from 'vitest';
import type { JsonObject } from './json.ts';
import { searchedText } from './searched-text.ts';

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
