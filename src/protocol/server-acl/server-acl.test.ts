import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../events/json.ts';
import { parseServerName } from '../ids/server-name.ts';
import { mayTakePart } from './server-acl.ts';

const may = (content: JsonObject | undefined, server: string): boolean => mayTakePart(content, parseServerName(server));

describe('mayTakePart', () => {
  test('without a list everybody may, with an empty one nobody', () => {
    expect(may(undefined, 'a.test')).toBe(true);
    expect(may({}, 'a.test')).toBe(false);
    expect(may({ allow: 'a.test' }, 'a.test')).toBe(false);
    expect(may({ allow: [1, null, 'a.test'], deny: { '*': true } }, 'a.test')).toBe(true);
  });

  test('denying goes before allowing', () => {
    const content = { allow: ['*'], deny: ['*.evil.test', 'ev?l.test'] };
    expect(may(content, 'good.test')).toBe(true);
    expect(may(content, 'a.evil.test')).toBe(false);
    expect(may(content, 'evil.test')).toBe(false);
    expect(may(content, 'a.evil.test.good')).toBe(true);
  });

  test('neither case nor port counts', () => {
    const content = { allow: ['*.Good.test'], deny: ['BAD.good.test'] };
    expect(may(content, 'A.GOOD.TEST:8448')).toBe(true);
    expect(may(content, 'bad.Good.test:1')).toBe(false);
  });

  test('IP literals, with ports or without', () => {
    for (const server of ['1.2.3.4', '1.2.3.4:8448', '[2001:db8::1]', '[2001:DB8::1]:1']) {
      expect(may({ allow: ['*'] }, server)).toBe(true);
      expect(may({ allow: ['*'], allow_ip_literals: 'no' }, server)).toBe(true);
      expect(may({ allow: ['*'], allow_ip_literals: false }, server)).toBe(false);
    }
    expect(may({ allow: ['*'], allow_ip_literals: false }, '1.2.3.4.test')).toBe(true);
    expect(may({ allow: ['*'], deny: ['[2001:db8::*]'] }, '[2001:DB8::1]:1')).toBe(false);
  });

  test('a pattern made to be slow is not', () => {
    const pattern = `${'*a'.repeat(500)}b`;
    expect(may({ allow: ['*'], deny: [pattern] }, `${'a'.repeat(60)}.test`)).toBe(true);
  });
});
