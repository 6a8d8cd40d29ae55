import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { roomVersion, roomVersions } from './room-versions.ts';

const vectors: {
  rules_by_room_version: Record<string, { top_level: string[]; content: Record<string, string[] | '*'> }>;
} = JSON.parse(readFileSync(new URL('../../../tests/vectors/data/redaction-rules.json', import.meta.url), 'utf8'));

test('the table has versions 1 to 12 and each knows its own id', () => {
  for (let id = 1; id <= 12; id++) expect(roomVersion(String(id))?.id).toBe(String(id));
  expect(Object.keys(roomVersions)).toHaveLength(12);
  for (const id of ['0', '13', '01', '', 'toString', '__proto__']) expect(roomVersion(id)).toBeUndefined();
});

test.each(Object.entries(vectors.rules_by_room_version))('version %s keeps what its text says', (id, rules) => {
  const table = roomVersion(id)?.redaction;
  expect([...(table?.topLevel ?? [])].sort()).toEqual([...rules.top_level].sort());
  const content = Object.entries(table?.content ?? {}).map(([type, keys]) => [
    type,
    keys === 'all' ? '*' : [...keys].sort(),
  ]);
  const expected = Object.entries(rules.content).map(([type, keys]) => [type, keys === '*' ? '*' : [...keys].sort()]);
  expect(Object.fromEntries(content)).toEqual(Object.fromEntries(expected));
});
