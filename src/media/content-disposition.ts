// The Content-Disposition of served files: RFC 6266, with names beyond ASCII in the form of RFC 8187.

import { isInlineType } from './content-type.ts';

/** Printable ASCII is kept; quotes and backslashes stand out of the quoted text, percents mislead some browsers. */
const asciiOf = (name: string): string => name.replace(/[^\x20-\x7e]/gu, '_').replace(/["\\%]/g, '_');

/** "attr-char" of RFC 8187 stays, all else is percent-encoded UTF-8. */
const encoded = (name: string): string =>
  encodeURIComponent(name).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/**
 * "If the Content-Type is allowed in the restrictions for serving inline content, servers SHOULD use inline, otherwise
 * they SHOULD use attachment." `fileName` null: none.
 */
export const contentDisposition = (contentType: string, fileName: string | null): string => {
  const disposition = isInlineType(contentType) ? 'inline' : 'attachment';
  if (fileName === null || fileName === '') return disposition;
  const ascii = asciiOf(fileName);
  const plain = `${disposition}; filename="${ascii}"`;
  return ascii === fileName ? plain : `${plain}; filename*=utf-8''${encoded(fileName.toWellFormed())}`;
};
