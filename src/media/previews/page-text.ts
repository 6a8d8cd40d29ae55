// The text of an HTML page: its charset is told by the header, by a byte order mark, or by the page itself.

/** Where a page that tells its charset must have told it: "within the first 1024 bytes". */
const PRESCAN_SIZE_BYTES = 1024;

const fromHeader = /;\s*charset\s*=\s*"?([\w.:-]{1,40})/i;
const fromPage = /<meta[^>]{0,200}charset\s*=\s*["']?\s*([\w.:-]{1,40})/i;

const decoderFor = (label: string | undefined) => {
  if (label === undefined) return undefined;
  try {
    return new TextDecoder(label);
  } catch {
    // A charset that nobody knows.
    return undefined;
  }
};

/** Undecodable bytes become U+FFFD. */
export function pageText(bytes: Uint8Array, contentType: string): string {
  const head = Buffer.from(bytes.subarray(0, PRESCAN_SIZE_BYTES)).toString('latin1');
  if (head.startsWith('\xef\xbb\xbf')) return new TextDecoder().decode(bytes);
  const decoder = decoderFor(fromHeader.exec(contentType)?.[1]) ?? decoderFor(fromPage.exec(head)?.[1]);
  return (decoder ?? new TextDecoder()).decode(bytes);
}
