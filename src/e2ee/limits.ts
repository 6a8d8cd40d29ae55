// How much a device or a user may leave with the server.

import { tooLarge } from '../protocol/errors/matrix-error.ts';

export const deviceKeysSizeBytesMax = 32 * 1024;
export const crossSigningKeySizeBytesMax = 16 * 1024;
export const oneTimeKeySizeBytesMax = 4 * 1024;
/** Content of one message to a device. */
export const toDeviceContentSizeBytesMax = 64 * 1024;
export const backupAuthDataSizeBytesMax = 64 * 1024;
export const backupSessionSizeBytesMax = 64 * 1024;

/** Returns the text; throws M_TOO_LARGE when it takes more than `sizeBytesMax` bytes in UTF-8. */
export const bounded = (text: string, sizeBytesMax: number, what: string): string => {
  const fits = text.length * 3 <= sizeBytesMax || Buffer.byteLength(text) <= sizeBytesMax;
  if (!fits) throw tooLarge(`${what} is larger than ${sizeBytesMax} bytes.`);
  return text;
};
