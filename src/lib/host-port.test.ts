import { expect, test } from 'vitest';
import { parseHostPort } from './host-port.ts';

test.each([
  ['127.0.0.1:8008', { host: '127.0.0.1', port: 8008 }],
  ['[::1]:0', { host: '::1', port: 0 }],
  [':443', { host: '::', port: 443 }],
  ['localhost:80', { host: 'localhost', port: 80 }],
  ['localhost', undefined],
  ['::1:80', undefined],
  ['a:65536', undefined],
  ['a:b', undefined],
])('%s', (text, expected) => expect(parseHostPort(text)).toEqual(expected));
