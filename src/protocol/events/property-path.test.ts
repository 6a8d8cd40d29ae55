// Property paths: the specification's own examples, and values along them.

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parsePropertyPath, propertyAt } from './property-path.ts';

const data = new URL('../../../tests/vectors/data/property-paths.json', import.meta.url);
const { vectors } = JSON.parse(readFileSync(data, 'utf8')) as { vectors: { path: string; keys: string[] }[] };

it.each(vectors)('reads $path as the specification does', ({ path, keys }) => {
  expect(parsePropertyPath(path)).toEqual(keys);
});

it('finds own properties of objects and nothing else', () => {
  const content = { 'm.mentions': { user_ids: ['@a:b'] }, list: [1], none: null };
  expect(propertyAt(content, ['m.mentions', 'user_ids'])).toEqual(['@a:b']);
  expect(propertyAt(content, ['content', 'none'], 1)).toBeNull();
  expect(propertyAt(content, ['list', 'length'])).toBeUndefined();
  expect(propertyAt(content, ['constructor'])).toBeUndefined();
  expect(propertyAt(content, ['none', 'x'])).toBeUndefined();
});
