import { expect, test } from 'vitest';
import type { RoomId } from '../../protocol/ids/branded.ts';
import { inOrder } from './space-children.ts';

const child = (name: string, originServerTs: number, order?: string) => ({
  roomId: `!${name}:example.org` as RoomId,
  originServerTs,
  order,
});

test('children are ordered as in the example of the specification', () => {
  const children = [
    child('e', 1640641000000),
    child('a', 1640141000000, 'aaaa'),
    child('d', 1640741000000),
    child('c', 1640841000000, 'first'),
    child('b', 1640341000000, ' '),
  ];
  expect(children.sort(inOrder).map(({ roomId }) => roomId[1])).toEqual(['b', 'a', 'c', 'e', 'd']);
});

test('of equal order the older comes first, then the lower room id', () => {
  const children = [child('z', 2, 'o'), child('y', 1, 'o'), child('x', 1, 'o'), child('w', 1)];
  expect(children.sort(inOrder).map(({ roomId }) => roomId[1])).toEqual(['x', 'y', 'z', 'w']);
});
