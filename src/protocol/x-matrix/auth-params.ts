// Parameters of an Authorization header: a comma-separated list of name=value pairs.
// RFC 9110 sections 5.6.1, 5.6.2, 5.6.4 and 11.2; Server-Server API, "Request Authentication".

/** Names in lower case. undefined: malformed, or a name that comes twice. Takes linear time. */
export const parseAuthParams = (text: string): Map<string, string> | undefined => {
  const params = new Map<string, string>();
  let at = 0;
  while (at < text.length) {
    at = skipBlanks(text, at);
    // Empty elements of the list are passed over.
    if (text[at] === ',') {
      at++;
      continue;
    }
    if (at === text.length) break;
    const param = readParam(text, at);
    if (param === undefined || params.has(param.name)) return undefined;
    params.set(param.name, param.value);
    at = skipBlanks(text, param.end);
    if (at < text.length && text[at] !== ',') return undefined;
  }
  return params;
};

interface Param {
  readonly name: string;
  readonly value: string;
  /** The index after it. */
  readonly end: number;
}

const readParam = (text: string, start: number): Param | undefined => {
  const nameEnd = endOf(text, start, isTokenChar);
  const equals = skipBlanks(text, nameEnd);
  if (nameEnd === start || text[equals] !== '=') return undefined;
  const name = text.slice(start, nameEnd).toLowerCase();
  const valueStart = skipBlanks(text, equals + 1);
  if (text[valueStart] === '"') return readQuoted(text, valueStart, name);
  const end = endOf(text, valueStart, isUnquotedChar);
  return end === valueStart ? undefined : { name, value: text.slice(valueStart, end), end };
};

/** "a backslash-character pair is replaced by the character that follows the backslash" */
const readQuoted = (text: string, start: number, name: string): Param | undefined => {
  let value = '';
  for (let at = start + 1; at < text.length; at++) {
    const c = text[at]!;
    if (c === '"') return { name, value, end: at + 1 };
    if (c === '\\') at++;
    if (at === text.length) return undefined;
    value += text[at]!;
  }
  return undefined;
};

const skipBlanks = (text: string, start: number): number => endOf(text, start, (c) => c === ' ' || c === '\t');

const endOf = (text: string, start: number, belongs: (c: string) => boolean): number => {
  let end = start;
  while (end < text.length && belongs(text[end]!)) end++;
  return end;
};

const isTokenChar = (c: string): boolean => /[\w!#$%&'*+.^`|~-]/.test(c);

/**
 * "the recipient should allow colons to be included in values without requiring the value to be enclosed in quotes"; and
 * the signs that the same servers leave unquoted in server names and base64.
 */
const isUnquotedChar = (c: string): boolean => isTokenChar(c) || /[:/=[\]]/.test(c);
