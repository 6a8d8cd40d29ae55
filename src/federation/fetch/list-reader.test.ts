import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createListReader } from './list-reader.ts';

const readerOf = (elementSizeBytesMax = 1000) =>
  createListReader({ lists: ['pdus', 'auth_chain'], elementSizeBytesMax, fail: (why) => new Error(why) });

/** In pieces of this many bytes. */
const read = (text: string | Uint8Array, pieceBytes = Infinity, elementSizeBytesMax?: number): string[] => {
  const bytes = Buffer.from(text as string);
  const reader = readerOf(elementSizeBytesMax);
  const found: string[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) found.push(...reader.push(bytes.subarray(at, at + pieceBytes)));
  reader.end();
  return found;
};

test('each element is given as it stands there, wherever the bytes are cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.jsonValue({ maxDepth: 3 })),
      fc.array(fc.jsonValue({ maxDepth: 3 })),
      fc.jsonValue({ maxDepth: 3 }),
      fc.integer({ min: 1, max: 40 }),
      fc.constantFrom(undefined, 1, '\t'),
      (pdus, chain, other, pieceBytes, space) => {
        const text = JSON.stringify({ first: other, pdus, other, auth_chain: chain, last: other }, undefined, space);
        const found = read(text, pieceBytes, 100_000);
        expect(found.map((each) => JSON.parse(each))).toEqual(JSON.parse(JSON.stringify([...pdus, ...chain])));
      },
    ),
  );
});

test('what is no such object is refused', () => {
  expect(read(' {"auth_chain":[1 , "]"],"pdus": [ {"a":"}\\""} ]}\n')).toEqual(['1', '"]"', '{"a":"}\\""}']);
  expect(() => read('{"pdus":[],"auth_chain":[')).toThrow('too early');
  expect(() => read('{"pdus":[]}')).toThrow('no list of auth_chain');
  expect(() => read('{"pdus":{},"auth_chain":[]}')).toThrow('no list of pdus');
  expect(() => read('[]')).toThrow('no JSON object');
  expect(() => read('{"pdus":[}]}')).toThrow('no JSON object');
  expect(() => read('{"pdus":[],"auth_chain":[]}x')).toThrow('no JSON object');
  expect(() => read('{pdus:[],"auth_chain":[]}')).toThrow('no JSON object');
  expect(() => read('')).toThrow('too early');
  expect(() => read('{"pdus":[{"a":"bcdefghijk"}],"auth_chain":[]}', 3, 12)).toThrow('larger than 12 bytes');
  expect(() => read(Buffer.from([...Buffer.from('{"pdus":["'), 0xff, ...Buffer.from('"],"auth_chain":[]}')]))).toThrow(
    'UTF-8',
  );
});

test('what is passed over may be of any size', () => {
  expect(read(`{"x":"${'y'.repeat(5000)}","pdus":[1],"auth_chain":[]}`, 100)).toEqual(['1']);
});

test('other values are given where they are wanted', () => {
  const options = { lists: ['state'], values: ['event', 'omitted'], elementSizeBytesMax: 30 };
  const reader = createListReader({ ...options, fail: (why) => new Error(why) });
  expect(reader.push(Buffer.from('{"event":{"a":[1]},"x":{"event":2},"state":["o"],"omitted":tr'))).toEqual(['"o"']);
  expect([...reader.values]).toEqual([['event', '{"a":[1]}']]);
  reader.push(Buffer.from('ue}'));
  reader.end();
  expect(Object.fromEntries(reader.values)).toEqual({ event: '{"a":[1]}', omitted: 'true' });
});
