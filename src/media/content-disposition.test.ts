import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyText } from '../../tests/harness/any-text.ts';
import { contentDisposition } from './content-disposition.ts';
import { claimedType } from './content-type.ts';

test.each([
  ['image/png', 'ascii', 'inline; filename="ascii"'],
  ['image/png', 'name;with;semicolons', 'inline; filename="name;with;semicolons"'],
  ['Text/Plain; charset=utf-8', null, 'inline'],
  ['text/html', 'a.html', 'attachment; filename="a.html"'],
  ['image/svg+xml', '', 'attachment'],
  ['image/png', '☕', `inline; filename="_"; filename*=utf-8''%E2%98%95`],
  ['image/png', 'a"b\\c', `inline; filename="a_b_c"; filename*=utf-8''a%22b%5Cc`],
  ['image/png', "it's 100%", `inline; filename="it's 100_"; filename*=utf-8''it%27s%20100%25`],
])('%s named %s', (type, name, expected) => {
  expect(contentDisposition(type, name)).toBe(expected);
});

test('every name becomes one header line that gives the name back', () => {
  fc.assert(
    fc.property(anyText({ minLength: 1 }), (name) => {
      const header = contentDisposition('image/png', name);
      expect(header).toMatch(/^[\x20-\x7e]*$/);
      const [, plain, star] =
        /^inline; filename="([^"\\]*)"(?:; filename\*=utf-8''([\w!#$&+.^`|~%-]*))?$/.exec(header) ?? [];
      expect(star === undefined ? plain : decodeURIComponent(star)).toBe(name);
    }),
  );
});

test.each([
  ['image/png', 'image/png'],
  [' text/plain; charset=utf-8 ', 'text/plain; charset=utf-8'],
  [undefined, 'application/octet-stream'],
  ['', 'application/octet-stream'],
  ['nonsense', 'application/octet-stream'],
  ['a/b\r\nX-Evil: 1', 'application/octet-stream'],
  [`a/${'b'.repeat(300)}`, 'application/octet-stream'],
])('the claimed type %j is served as %s', (claimed, served) => {
  expect(claimedType(claimed)).toBe(served);
});
