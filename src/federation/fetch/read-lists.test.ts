import { expect, test } from 'vitest';
import { parseServerName } from '../../protocol/ids/server-name.ts';
import { eventIdsIn, pdusIn } from './read-lists.ts';

const server = parseServerName('a.test');

test('lists of events are cut where they are too long, and refused where they are none', () => {
  expect(pdusIn(server, { pdus: [1, 2, 3] }, 'pdus', 2)).toEqual([1, 2]);
  expect(() => pdusIn(server, { pdus: {} }, 'pdus', 2)).toThrow('no list of pdus');
  expect(() => pdusIn(server, {}, 'constructor', 2)).toThrow('no list');
  expect(() => pdusIn(server, { pdus: [] }, 'pdus', 1, 1)).toThrow('no pdus');
});

test('a state is taken whole or not at all', () => {
  const id = `$${'a'.repeat(43)}`;
  expect(eventIdsIn(server, { ids: [id, id] }, 'ids', 2)).toEqual([id]);
  expect(() => eventIdsIn(server, { ids: [id, id, id] }, 'ids', 2)).toThrow('more than 2');
  expect(() => eventIdsIn(server, { ids: [id, 'x'] }, 'ids', 2)).toThrow('no event ids');
});
