import fc from 'fast-check';
import { expect, test } from 'vitest';
import { assertStorable, fromStoredText, toStoredText } from './text.ts';

const anyText = fc.string({
  unit: fc.oneof(
    fc.constantFrom('\0', '\u0010', '\ud800', '\udc00', '0', 's', 'd', '8'),
    fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
  ),
});

test('any text survives, and what is stored suits both engines', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const stored = toStoredText(text);
      assertStorable([stored]);
      expect(fromStoredText(stored)).toBe(text);
    }),
  );
});

test('different texts stay different', () => {
  fc.assert(
    fc.property(anyText, anyText, (one, other) => {
      expect(toStoredText(one) === toStoredText(other)).toBe(one === other);
    }),
  );
});

test('ordinary text is stored as it is', () => {
  expect(toStoredText('@kintsugi:example.org 金継ぎ 🏺')).toBe('@kintsugi:example.org 金継ぎ 🏺');
});

test('a forgotten escape is refused', () => {
  expect(() => assertStorable([1, 'a\0b'])).toThrow(TypeError);
  expect(() => assertStorable(['\ud800'])).toThrow(TypeError);
});
