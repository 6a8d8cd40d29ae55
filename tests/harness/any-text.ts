// Strings of whatever code points. fast-check's own unit for them costs a second before the first one is there.

import fc from 'fast-check';

/** Without halves of surrogate pairs. */
const codePoint = fc.oneof(fc.integer({ min: 0, max: 0xd7_ff }), fc.integer({ min: 0xe0_00, max: 0x10_ff_ff }));

export const anyText = (length: { readonly minLength?: number; readonly maxLength?: number } = {}) =>
  fc.oneof(
    { weight: 3, arbitrary: fc.array(codePoint, length).map((points) => String.fromCodePoint(...points)) },
    { weight: 1, arbitrary: fc.string(length) },
  );
