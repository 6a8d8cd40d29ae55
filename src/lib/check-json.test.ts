import fc from 'fast-check';
import { Compile } from 'typebox/schema';
import { expect, test } from 'vitest';
import { compileSchema, type JsonSchema } from './check-json.ts';
import { Type } from './json-schema.ts';

const schemas = {
  text: Type.String({ minLength: 1, maxLength: 3 }),
  count: Type.Integer({ minimum: 0, maximum: 5 }),
  level: Type.Number({ minimum: -1 }),
  flag: Type.Boolean(),
  list: Type.Array(Type.Union([Type.String(), Type.Null()]), { maxItems: 2 }),
  choice: Type.Union([Type.Literal('a'), Type.Literal(1)]),
  record: Type.Record(Type.String(), Type.Record(Type.String(), Type.Integer())),
  body: Type.Object({ a: Type.String(), b: Type.Optional(Type.Integer()), c: Type.Optional(Type.Any()) }),
  strict: Type.Object({ a: Type.Optional(Type.Boolean()) }, { additionalProperties: false }),
  nested: Type.Array(Type.Object({ type: Type.String(), content: Type.Object({}) })),
};

/** Values that come near to being right, and some that do not. */
const key = fc.constantFrom('a', 'b', 'c', 'type', 'content', '__proto__', 'constructor');
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, true, false, 0, 1, 5, 6, -1, -2, 0.5, '', 'a', 'abc', 'abcd', '😀😀😀', 'm'),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 3 }).map((entries) => Object.fromEntries(entries)),
  ),
}));

test.each(Object.entries(schemas))('%s is checked as TypeBox checks it', (_, schema) => {
  const check = compileSchema(schema as JsonSchema);
  const validator = Compile(schema);
  fc.assert(
    fc.property(value, (each) => {
      expect(check(each) === undefined).toBe(validator.Check(each));
    }),
    { numRuns: 500 },
  );
});

test('a problem says where it is and what is missing', () => {
  const check = compileSchema(
    Type.Object({ list: Type.Array(Type.Object({ type: Type.String() })), other: Type.Optional(Type.String()) }),
  );
  expect(check({})).toEqual({ path: [], message: 'must have list', missing: ['list'] });
  expect(check({ list: [{ type: '' }, { type: 1 }] })).toEqual({
    path: ['list', '1', 'type'],
    message: 'must be a string',
  });
  expect(check([])).toEqual({ path: [], message: 'must be an object' });
});

test('a schema with a word that is not understood is refused', () => {
  expect(() => compileSchema(Type.String({ pattern: '^a' }))).toThrow('pattern');
});
