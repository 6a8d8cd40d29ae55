// The server-default rules are the specification's, in its order.

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { defaultRules } from './default-rules.ts';

const data = new URL('../../../tests/vectors/data/default-push-rules.json', import.meta.url);
const vector = readFileSync(data, 'utf8').replaceAll("[the user's Matrix ID]", '@me:example.org');
const { rules } = JSON.parse(vector) as { rules: Record<'override' | 'underride', { definition: unknown }[]> };

it('are those of the specification', () => {
  const own = defaultRules('@me:example.org');
  expect(own.override).toEqual(rules.override.map(({ definition }) => definition));
  expect(own.underride).toEqual(rules.underride.map(({ definition }) => definition));
  expect([...own.content, ...own.room, ...own.sender]).toEqual([]);
  expect(own.override.length + own.underride.length).toBe(15);
});
