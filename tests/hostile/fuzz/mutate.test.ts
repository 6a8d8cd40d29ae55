// The damage that the fuzz program does, where it would be the program's own fault.

import { expect, it } from 'vitest';
import { textOf } from './mutate.ts';

it('writes pieces that JSON.stringify would not, and leaves texts that look like them alone', () => {
  expect(JSON.parse(textOf({ a: '@@1@@', b: ['"@@1@@', '@@1@@"', '\\"@@1@@'] }))).toEqual({
    a: -0,
    b: ['"@@1@@', '@@1@@"', '\\"@@1@@'],
  });
});
