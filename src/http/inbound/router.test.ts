import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyText } from '../../../tests/harness/any-text.ts';
import { createRouter } from './router.ts';

const found = (router: ReturnType<typeof createRouter<string>>, method: string, path: string): unknown => {
  const result = router.find(method, path);
  if (result.kind !== 'match') return result.kind === 'method' ? result.allowed : result.kind;
  const { value, names, texts } = result.match;
  return [value, Object.fromEntries(names.map((name, index) => [name, texts[index]]))];
};

test('fixed segments win, but a parameter answers the methods they do not', () => {
  const router = createRouter<string>();
  router.add('GET /a/{x}', 'param');
  router.add('PUT /a/b', 'fixed');
  router.add('GET /a/{x}/c', 'deep');
  router.add('GET /a/b/{y}', 'other');
  expect(found(router, 'PUT', '/a/b')).toEqual(['fixed', {}]);
  expect(found(router, 'GET', '/a/b')).toEqual(['param', { x: 'b' }]);
  expect(found(router, 'GET', '/a/b/c')).toEqual(['other', { y: 'c' }]);
  expect(found(router, 'GET', '/a/z/c')).toEqual(['deep', { x: 'z' }]);
  expect(found(router, 'DELETE', '/a/b')).toEqual(['PUT', 'GET']);
  expect(found(router, 'GET', '/a')).toBe('none');
  expect(found(router, 'GET', '/a/')).toBe('none');
  expect(found(router, 'GET', 'a/b')).toBe('none');
  expect(found(router, 'GET', '/%61/x')).toEqual(['param', { x: 'x' }]);
});

test('trailing slashes and rests only where declared', () => {
  const router = createRouter<string>();
  router.add('PUT /state/{type}/', 'empty key');
  router.add('PUT /state/{type}/{key}', 'key');
  router.add('GET /files/{path*}', 'rest');
  expect(found(router, 'PUT', '/state/m.x/')).toEqual(['empty key', { type: 'm.x' }]);
  expect(found(router, 'PUT', '/state/m.x/%2F')).toEqual(['key', { type: 'm.x', key: '/' }]);
  expect(found(router, 'PUT', '/state/m.x')).toBe('none');
  expect(found(router, 'GET', '/files/a/b/c.js')).toEqual(['rest', { path: 'a/b/c.js' }]);
  expect(found(router, 'GET', '/files/%zz')).toBe('encoding');
});

test('whatever a parameter holds comes back as it was', () => {
  const router = createRouter<string>();
  router.add('GET /x/{a}/y/{b}', 'x');
  const segment = anyText({ minLength: 1 });
  fc.assert(
    fc.property(segment, segment, (a, b) => {
      expect(found(router, 'GET', `/x/${encodeURIComponent(a)}/y/${encodeURIComponent(b)}`)).toEqual(['x', { a, b }]);
    }),
  );
});
