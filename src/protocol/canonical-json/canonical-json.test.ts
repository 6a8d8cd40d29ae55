import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyText } from '../../../tests/harness/any-text.ts';
import type { Json } from '../events/json.ts';
import { canonicalJson, jsonDepthMax } from './canonical-json.ts';
import { compareCodePoints } from './compare-code-points.ts';
import { bodyDepthMax, parseJsonLossless, parseStrictJson } from './parse-json.ts';
import { isRawNumber, RawNumber } from './raw-number.ts';

interface Pair {
  input: string;
  canonical: string;
}
const file: {
  vectors: Pair[];
  derived: { vectors: Pair[]; must_reject_in_room_version_6_and_later: { input: string }[] };
} = JSON.parse(readFileSync(new URL('../../../tests/vectors/data/canonical-json.json', import.meta.url), 'utf8'));

const units = [
  'a',
  'B',
  '9',
  ' ',
  '"',
  '\\',
  '/',
  '\u0000',
  '\n',
  '\u007f',
  'é',
  '\u2028',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '😀',
];
const text = (maxLength: number) => fc.string({ unit: fc.constantFrom(...units), maxLength });

const json = (): fc.Arbitrary<Json> =>
  fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.constant(null),
      fc.boolean(),
      fc.maxSafeInteger(),
      text(12),
      fc.array(tie('value'), { maxLength: 5 }),
      fc.dictionary(text(6), tie('value'), { noNullPrototype: true, maxKeys: 5 }),
    ),
  })).value;

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
const badJson = expect.objectContaining({ errcode: 'M_BAD_JSON', status: 400 });
const badOrNoJson = expect.objectContaining({ status: 400, name: 'MatrixError' });
const notJson = expect.objectContaining({ errcode: 'M_NOT_JSON', status: 400 });

describe('vectors', () => {
  test.each([...file.vectors, ...file.derived.vectors])('$input', ({ input, canonical }) => {
    expect(canonicalJson(parseStrictJson(input))).toBe(canonical);
    expect(canonicalJson(parseJsonLossless(input))).toBe(canonical);
    expect(canonicalJson(parseJsonLossless(input), 'lossless')).toBe(canonical);
  });

  test.each(file.derived.must_reject_in_room_version_6_and_later)('rejects $input', ({ input }) => {
    expect(() => canonicalJson(parseStrictJson(input))).toThrow(badOrNoJson);
    expect(() => canonicalJson(parseJsonLossless(input))).toThrow(badOrNoJson);
  });
});

describe('properties', () => {
  test('round trip: canonical text parses to the value and is a fixed point', () => {
    fc.assert(
      fc.property(json(), (value) => {
        const text = canonicalJson(value);
        const parsed = parseStrictJson(text);
        expect(parsed).toEqual(value);
        expect(canonicalJson(parsed)).toBe(text);
        expect(canonicalJson(parseJsonLossless(text), 'lossless')).toBe(text);
      }),
      { numRuns: 60 },
    );
  });

  test('keys stand in the order of their UTF-8 bytes', () => {
    fc.assert(
      fc.property(anyText(), anyText(), (a, b) => {
        expect(Math.sign(compareCodePoints(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
  });

  test('keys that look like indices, and __proto__, are keys like others', () => {
    const value = parseStrictJson('{"b":1,"10":1,"9":1,"__proto__":{"x":1.0}}');
    expect(canonicalJson(value)).toBe('{"10":1,"9":1,"__proto__":{"x":1},"b":1}');
    const lossless = parseJsonLossless('{"__proto__":{"x":1.0}}');
    expect(canonicalJson(lossless, 'lossless')).toBe('{"__proto__":{"x":1.0}}');
  });

  test('more keys than the short sort takes', () => {
    const keys = Array.from({ length: 40 }, (_, i) => `k${i}`);
    expect(canonicalJson(Object.fromEntries(keys.map((key) => [key, 0])))).toBe(
      `{${keys
        .sort()
        .map((key) => `"${key}":0`)
        .join(',')}}`,
    );
  });
});

describe('numbers of old rooms', () => {
  test.each([
    ['1.0', '1.0'],
    ['1.50', '1.5'],
    ['-0', '0'],
    ['-0.0', '-0.0'],
    ['0.0', '0.0'],
    ['1e3', '1000'],
    ['1E3', '1000'],
    ['1e16', '1e+16'],
    ['1.0e15', '1000000000000000.0'],
    ['1e-4', '0.0001'],
    ['0.00001', '1e-05'],
    ['1.5e300', '1.5e+300'],
    ['-2.5e-7', '-2.5e-07'],
    ['5.114698E4', '51146.98'],
    ['9007199254740992', '9007199254740992'],
    ['-123456789012345678901234567890', '-123456789012345678901234567890'],
    ['1e400', '1e400'],
  ])('%s is written as %s', (source, canonical) => {
    const value = parseJsonLossless(`[${source},"${source}"]`);
    expect(canonicalJson(value, 'lossless')).toBe(`[${canonical},"${source}"]`);
  });

  test('a float that was not kept raw', () => {
    expect(canonicalJson([1.5, 2 ** 60, 1e-9], 'lossless')).toBe('[1.5,1152921504606846976,1e-09]');
    expect(() => canonicalJson([Number.NaN], 'lossless')).toThrow(badJson);
  });

  test('a raw number knows its value and is written back unchanged', () => {
    const value = parseJsonLossless('{"a":50.570}') as { a: unknown };
    expect(isRawNumber(value.a) && value.a.value).toBe(50.57);
    expect(JSON.stringify(value)).toBe('{"a":50.570}');
    expect(new RawNumber('1e400').value).toBe(Number.POSITIVE_INFINITY);
  });

  test('since version 6 they are refused, a whole float too', () => {
    for (const source of ['1.0', '1.5', '1e400', '9007199254740992'])
      expect(() => canonicalJson(parseJsonLossless(`[${source}]`))).toThrow(badJson);
  });
});

describe('hostile texts', () => {
  test.each(['', '{', '{"a":1,}', '"\u0001"', '[1] x', '"abc', '"abc\\', '01', '-', '[1.]', 'NaN', '\ufeff{}'])(
    '%j is no JSON',
    (text) => {
      expect(() => parseStrictJson(text)).toThrow(notJson);
      expect(() => parseJsonLossless(text)).toThrow(notJson);
    },
  );

  test('depth is bounded when parsing and when writing', () => {
    expect(() => parseStrictJson(nested(bodyDepthMax))).not.toThrow();
    expect(() => parseStrictJson(nested(bodyDepthMax + 1))).toThrow(badJson);
    expect(() => parseJsonLossless('{"a":'.repeat(1_000_000))).toThrow(badJson);
    expect(() => canonicalJson(parseStrictJson(nested(jsonDepthMax)))).not.toThrow();
    expect(() => canonicalJson(parseStrictJson(nested(jsonDepthMax + 1)))).toThrow(badJson);
    expect(() => parseStrictJson(JSON.stringify(`\\"${nested(500)}\\\\`))).not.toThrow();
  });

  test('half of a surrogate pair', () => {
    expect(() => parseStrictJson('{"a":"\\ud800"}')).toThrow(badJson);
    expect(() => parseStrictJson('{"\\uDC00":1}')).toThrow(badJson);
    expect(parseStrictJson('["\\ud83d\\ude00"]')).toEqual(['😀']);
    expect(() => canonicalJson('\ud800')).toThrow(badJson);
    expect(() => canonicalJson({ '\ud800': 1 })).toThrow(badJson);
    expect(canonicalJson(parseJsonLossless('["\\uD800"]'), 'lossless')).toBe('["\\ud800"]');
  });

  test('of duplicate keys the last counts', () => {
    expect(canonicalJson(parseStrictJson('{"a":1,"a":2}'))).toBe('{"a":2}');
    expect(canonicalJson(parseJsonLossless('{"a":1.5,"a":2.5}'), 'lossless')).toBe('{"a":2.5}');
  });

  test('a value that is no JSON is a mistake of the caller', () => {
    expect(() => canonicalJson({ a: undefined } as unknown as Json)).toThrow(TypeError);
  });
});
