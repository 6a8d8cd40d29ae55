// The checks that room ids, event ids, aliases and historical user ids have in common.
// Appendices, "Common Identifier Format".

import { fitsIdLimit } from './byte-limit.ts';
import { isServerName } from './server-name.ts';

/** "valid non-surrogate Unicode code points … except `:` and `NUL`". */
export const isOpaqueText = (text: string): boolean => !text.includes('\0') && text.isWellFormed();

/**
 * Whether `text` is `<sigil><localpart>:<server name>` of at most 255 bytes. The localpart may be empty and hold anything
 * but `:`, NUL and lone surrogates.
 */
export const isIdWithServer = (text: string, sigil: string): boolean => {
  if (!text.startsWith(sigil) || !fitsIdLimit(text)) return false;
  const colon = text.indexOf(':');
  return colon !== -1 && isOpaqueText(text) && isServerName(text.slice(colon + 1));
};

/** Whether `text` is `<sigil><opaque>` without a domain, the opaque part not empty, of at most 255 bytes. */
export const isIdWithoutServer = (text: string, sigil: string): boolean =>
  text.length > 1 && text.startsWith(sigil) && !text.includes(':') && fitsIdLimit(text) && isOpaqueText(text);
