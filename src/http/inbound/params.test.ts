import { expect, test } from 'vitest';
import {
  aliasParam,
  enumOf,
  eventIdParam,
  int,
  optionalBool,
  optionalEnum,
  optionalInt,
  optionalText,
  optionalUserId,
  roomIdOrAliasParam,
  roomIdParam,
  serverNameParam,
  text,
  texts,
  userIdParam,
} from './params.ts';

const errcode = (run: () => unknown): string => {
  try {
    run();
    return 'none';
  } catch (error) {
    return (error as { errcode: string }).errcode;
  }
};

test('ids are checked by kind', () => {
  expect(roomIdParam('!a:x', 'r')).toBe('!a:x');
  expect(userIdParam('@a:x', 'u')).toBe('@a:x');
  expect(eventIdParam('$a', 'e')).toBe('$a');
  expect(aliasParam('#a:x', 'a')).toBe('#a:x');
  expect(serverNameParam('x:1', 's')).toBe('x:1');
  expect([roomIdOrAliasParam('!a:x', 'r'), roomIdOrAliasParam('#a:x', 'r')]).toEqual(['!a:x', '#a:x']);
  expect(optionalUserId(undefined, 'u')).toBeUndefined();
  for (const parse of [roomIdParam, userIdParam, eventIdParam, aliasParam, serverNameParam, roomIdOrAliasParam]) {
    expect(errcode(() => parse('no thing', 'x'))).toBe('M_INVALID_PARAM');
    expect(errcode(() => parse(undefined, 'x'))).toBe('M_MISSING_PARAM');
  }
});

test('texts', () => {
  expect(text('', 'a')).toBe('');
  expect(errcode(() => text(undefined, 'a'))).toBe('M_MISSING_PARAM');
  expect(optionalText(undefined)).toBeUndefined();
  expect(texts('a', 'a', ['a', 'b'])).toEqual(['a', 'b']);
  expect(texts('a', 'a', Array<string>(500).fill('a'))).toHaveLength(100);
});

test('integers', () => {
  const limit = optionalInt({ min: 1, max: 100, default: 10, clamp: true });
  expect([undefined, '', '5', '+5', '0', '1000', '-3'].map((value) => limit(value, 'limit'))).toEqual([
    10, 10, 5, 5, 1, 100, 1,
  ]);
  const strict = optionalInt({ min: 0, max: 5 });
  expect(strict(undefined, 'n')).toBeUndefined();
  for (const bad of ['6', '-1', '1.5', '1e2', 'x', ' 1', '0x1', '9007199254740993']) {
    expect([bad, errcode(() => strict(bad, 'n'))]).toEqual([bad, 'M_INVALID_PARAM']);
  }
  expect(int()('7', 'n')).toBe(7);
  expect(errcode(() => int()(undefined, 'n'))).toBe('M_MISSING_PARAM');
});

test('choices', () => {
  expect([optionalBool()(undefined, 'b'), optionalBool(true)(undefined, 'b')]).toEqual([false, true]);
  expect([optionalBool()('true', 'b'), optionalBool(true)('false', 'b')]).toEqual([true, false]);
  expect(errcode(() => optionalBool()('1', 'b'))).toBe('M_INVALID_PARAM');
  expect(enumOf('b', 'f')('f', 'dir')).toBe('f');
  expect(errcode(() => enumOf('b', 'f')('x', 'dir'))).toBe('M_INVALID_PARAM');
  expect(errcode(() => enumOf('b', 'f')(undefined, 'dir'))).toBe('M_MISSING_PARAM');
  expect(optionalEnum('b', 'f')(undefined, 'dir')).toBeUndefined();
});
