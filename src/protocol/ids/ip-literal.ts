// IPv4 and IPv6 literals as server names write them.
// Appendices, "Server Name"; RFC 3513 section 2.2.

/** Four groups of one to three digits, whatever their size. */
export const isNumericQuad = (text: string): boolean => /^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(text);

export const isIpv4Literal = (text: string): boolean =>
  isNumericQuad(text) && text.split('.').every((group) => Number(group) <= 255);

/** Without brackets and without a zone. */
export const isIpv6Literal = (text: string): boolean => {
  if (text.length < 2 || text.length > 45) return false;
  const elided = text.indexOf('::');
  if (elided === -1) return countGroups(text) === 8;
  const before = elided === 0 ? 0 : countGroups(text.slice(0, elided));
  const rest = text.slice(elided + 2);
  const after = rest === '' ? 0 : countGroups(rest);
  // An IPv4 tail may stand at the end only.
  if (before === undefined || after === undefined || text.slice(0, elided).includes('.')) return false;
  return before + after <= 7;
};

/** The number of 16 bit groups, an IPv4 tail counting as two; undefined: not a list of groups. */
const countGroups = (text: string): number | undefined => {
  const groups = text.split(':');
  const last = groups.at(-1) ?? '';
  const tail = last.includes('.');
  if (tail && !isIpv4Literal(last)) return undefined;
  const hex = tail ? groups.slice(0, -1) : groups;
  return hex.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group)) ? hex.length + (tail ? 2 : 0) : undefined;
};
