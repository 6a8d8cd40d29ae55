// The 255 byte limit that identifiers, event types and state keys share.
// Appendices, "Identifier Grammar"; Client-Server API, "Size limits".

export const idSizeBytesMax = 255;

/** Whether `text` takes at most 255 bytes in UTF-8. */
export const fitsIdLimit = (text: string): boolean => {
  if (text.length > idSizeBytesMax) return false;
  // A UTF-16 unit takes at most three bytes in UTF-8.
  return text.length * 3 <= idSizeBytesMax || Buffer.byteLength(text) <= idSizeBytesMax;
};
