import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyText } from '../../../tests/harness/any-text.ts';
import { isDeviceId } from './device-id.ts';
import { isEventId, isEventIdWithServer, parseEventId } from './event-id.ts';
import { localpartOf, serverOf } from './id-parts.ts';
import { parseMxcUri, splitMxcUri } from './mxc-uri.ts';
import { isRoomAlias, parseRoomAlias } from './room-alias.ts';
import { createEventIdOf, isRoomId, parseRoomId, roomIdOfCreate } from './room-id.ts';
import { isServerName, parseServerName, splitServerName } from './server-name.ts';
import { isUserId, parseUserId, userIdOf } from './user-id.ts';

const vectors: { valid: string[]; derived_invalid: string[] } = JSON.parse(
  readFileSync(new URL('../../../tests/vectors/data/server-names.json', import.meta.url), 'utf8'),
);

describe('server names', () => {
  test.each(vectors.valid)('%s is one', (name) => expect(isServerName(name)).toBe(true));
  test.each(vectors.derived_invalid)('"%s" is none', (name) => expect(isServerName(name)).toBe(false));

  test.each([
    ['a', true],
    ['LOCALHOST', true],
    ['matrix.org.', true],
    ['a..b', false],
    ['.a', false],
    ['256.1.1.1', false],
    ['1.2.3', true],
    ['matrix.org:65535', true],
    ['matrix.org:65536', false],
    ['matrix.org:1:2', false],
    ['matrix.org: 1', false],
    ['[::]', true],
    ['[::1]:8448', true],
    ['[::ffff:1.2.3.4]', true],
    ['[1.2.3.4::]', false],
    ['[1:2:3:4:5:6:7:8]', true],
    ['[1:2:3:4:5:6:7]', false],
    ['[1:2:3:4:5:6:7:8:9]', false],
    ['[1::2::3]', false],
    ['[:::]', false],
    ['[12345::]', false],
    ['[::1]x', false],
    ['[::1]8448', false],
    ['[fe80::1%eth0]', false],
    ['bücher.example', false],
    [`${'a'.repeat(255)}:1`, true],
    ['a'.repeat(256), false],
  ])('%s: %s', (name, valid) => expect(isServerName(name)).toBe(valid));

  test('parts', () => {
    expect(splitServerName('matrix.org:8888')).toEqual({ kind: 'dns', host: 'matrix.org', port: 8888 });
    expect(splitServerName('1.2.3.4')).toEqual({ kind: 'ipv4', host: '1.2.3.4', port: undefined });
    expect(splitServerName('[::1]:5')).toEqual({ kind: 'ipv6', host: '::1', port: 5 });
    expect(() => parseServerName('no_name')).toThrow('Not a server name');
  });
});

describe('user ids', () => {
  test.each([
    ['@a:b', true, true, true],
    ['@a.b_c=d-e/f+0:matrix.org:8448', true, true, true],
    ['@Alice:b', false, true, true],
    ['@:b', false, false, true],
    ['@é:b', false, false, true],
    ['@a b:b', false, false, true],
    ['@a\u0001:b', false, false, true],
    ['@a\0:b', false, false, false],
    ['@a\ud800:b', false, false, false],
    ['@a', false, false, false],
    ['a:b', false, false, false],
    ['@a:b c', false, false, false],
    ['@a:', false, false, false],
    ['', false, false, false],
  ])('%j', (id, strict, compliant, historical) => {
    expect([isUserId(id, 'strict'), isUserId(id, 'compliant'), isUserId(id, 'historical')]).toEqual([
      strict,
      compliant,
      historical,
    ]);
  });

  test('the limit is 255 bytes, not characters', () => {
    expect(isUserId(`@${'a'.repeat(252)}:b`)).toBe(true);
    expect(isUserId(`@${'a'.repeat(253)}:b`)).toBe(false);
    expect(isUserId(`@${'é'.repeat(126)}:b`)).toBe(true);
    expect(isUserId(`@${'é'.repeat(127)}:b`)).toBe(false);
  });

  test('parts, making and parsing', () => {
    const id = parseUserId('@alice:[::1]:8448');
    expect([localpartOf(id), serverOf(id)]).toEqual(['alice', '[::1]:8448']);
    expect(userIdOf('bob', parseServerName('b'))).toBe('@bob:b');
    expect(userIdOf('Bob', parseServerName('b'))).toBeUndefined();
    expect(() => parseUserId('bob')).toThrow(expect.objectContaining({ errcode: 'M_INVALID_PARAM' }));
  });
});

describe('rooms, aliases and events', () => {
  test('room ids in both forms', () => {
    expect(isRoomId('!abc:matrix.org')).toBe(true);
    expect(isRoomId('!Nhcu5BS-UMnFX7hBVfVSoXiD7OgH6iRT-xyIuqDnpYQ')).toBe(true);
    for (const id of ['!', 'abc:b', '!a:b_c', '!a\0:b', `!${'a'.repeat(255)}`, '#a:b'])
      expect(isRoomId(id)).toBe(false);
    expect(serverOf(parseRoomId('!a:b:1'))).toBe('b:1');
    expect(serverOf(parseRoomId('!a'))).toBeUndefined();
    expect(roomIdOfCreate(parseEventId('$x'))).toBe('!x');
    expect(createEventIdOf(parseRoomId('!x'))).toBe('$x');
    expect(createEventIdOf(parseRoomId('!x:b'))).toBeUndefined();
  });

  test('aliases', () => {
    expect(isRoomAlias('#a b é:matrix.org')).toBe(true);
    for (const id of ['#a', '!a:b', '#a:', '#a\0:b']) expect(isRoomAlias(id)).toBe(false);
    expect(localpartOf(parseRoomAlias('#room:b'))).toBe('room');
  });

  test('event ids', () => {
    expect(isEventId('$acR1l0raoZnm60CBwAVgqbZqoO/mYU81xysh1u7XcJk')).toBe(true);
    expect(isEventId('$a:matrix.org')).toBe(true);
    for (const id of ['$', 'a', '$a:b c', `$${'a'.repeat(255)}`]) expect(isEventId(id)).toBe(false);
    expect(isEventIdWithServer('$a')).toBe(false);
  });
});

test('content URIs', () => {
  expect(parseMxcUri('mxc://matrix.org:1/a_-9')).toEqual({ server: 'matrix.org:1', mediaId: 'a_-9' });
  for (const uri of [
    'mxc://a',
    'mxc://a/',
    'mxc:///b',
    'http://a/b',
    'mxc://127.0.0.1/../etc',
    'mxc://a/b/c',
    'mxc://a/é',
  ])
    expect(splitMxcUri(uri)).toBeUndefined();
});

test('device ids', () => {
  expect(isDeviceId('ABC é/')).toBe(true);
  for (const id of ['', 'a'.repeat(256), 'a\0', '\ud800']) expect(isDeviceId(id)).toBe(false);
});

test('no text makes a predicate throw or run long', () => {
  fc.assert(
    fc.property(anyText({ maxLength: 400 }), (text) => {
      for (const is of [isServerName, isUserId, isRoomId, isRoomAlias, isEventId, isDeviceId]) is(text);
    }),
  );
  const started = process.hrtime.bigint();
  const long = '['.concat(':'.repeat(1_000_000), ']');
  isServerName(long);
  isUserId(`@a:${long}`, 'strict');
  splitMxcUri(`mxc://a/${'a'.repeat(1_000_000)}!`);
  expect(Number(process.hrtime.bigint() - started)).toBeLessThan(100_000_000);
});
