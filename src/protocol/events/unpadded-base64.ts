// Unpadded base64, as Matrix writes keys, signatures and hashes.
// Appendices, "Unpadded Base64" and "URL-safe unpadded Base64".

export const unpaddedBase64 = (bytes: Uint8Array): string => {
  const padded = asBuffer(bytes).toString('base64');
  const padding = padded.indexOf('=');
  return padding === -1 ? padded : padded.slice(0, padding);
};

export const unpaddedBase64Url = (bytes: Uint8Array): string => asBuffer(bytes).toString('base64url');

/** "implementations SHOULD accept input with or without padding". undefined: not standard base64. */
export const decodeBase64 = (text: string): Buffer | undefined =>
  isBase64(text, '+', '/') ? Buffer.from(text, 'base64') : undefined;

/** As decodeBase64, for the URL-safe alphabet. */
export const decodeBase64Url = (text: string): Buffer | undefined =>
  isBase64(text, '-', '_') ? Buffer.from(text, 'base64url') : undefined;

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const isBase64 = (text: string, digit62: string, digit63: string): boolean => {
  const end = text.endsWith('==') ? text.length - 2 : text.endsWith('=') ? text.length - 1 : text.length;
  // One digit over a multiple of four holds no whole byte; padding fills up to a multiple of four.
  if (end % 4 === 1 || (end !== text.length && text.length % 4 !== 0)) return false;
  const [c62, c63] = [digit62.charCodeAt(0), digit63.charCodeAt(0)];
  for (let i = 0; i < end; i++) {
    const c = text.charCodeAt(i);
    const letter = (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a);
    if (!letter && !(c >= 0x30 && c <= 0x39) && c !== c62 && c !== c63) return false;
  }
  return true;
};
