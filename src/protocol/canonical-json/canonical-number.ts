// How numbers are written in canonical JSON: strict since room version 6, and lossless before it.
// Appendices, "Canonical JSON".

import { badJson } from '../errors/matrix-error.ts';
import type { RawNumber } from './raw-number.ts';

/** Since v6: "integers in the range [-(2**53)+1, (2**53)-1]". Throws M_BAD_JSON otherwise. -0 is written as 0. */
export const strictNumber = (value: number): string => {
  if (!Number.isSafeInteger(value)) throw badJson('Numbers must be integers between -(2^53)+1 and (2^53)-1');
  return String(value);
};

/** v1–5: a number of a value that was not parsed losslessly, floats as in losslessRawNumber. */
export const losslessNumber = (value: number): string => {
  if (Number.isInteger(value)) return String(BigInt(value));
  if (!Number.isFinite(value)) throw badJson('Not a number in JSON');
  return floatText(value);
};

/**
 * v1–5: integers keep all their digits. Floats are written as the servers that signed such events write them: the fewest
 * digits that give the same double, with `.0` when whole, and with an exponent below 1e-4 and from 1e16. A number beyond
 * the range of a double keeps its text.
 */
export const losslessRawNumber = (number: RawNumber): string => {
  if (!/[.eE]/.test(number.source)) return number.source;
  const { value } = number;
  return Number.isFinite(value) ? floatText(value) : number.source;
};

const floatText = (value: number): string => {
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [mantissa, exponentText] = value.toExponential().split('e');
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < 16) return Number.isInteger(value) ? `${value}.0` : String(value);
  const digits = String(Math.abs(exponent)).padStart(2, '0');
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${digits}`;
};
