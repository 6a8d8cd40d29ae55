// The members of an object in canonical JSON, as texts: for splicing without parsing.

import { endOfString } from './scan-json.ts';

export interface MemberText {
  readonly key: string;
  /** `"key":value` as it stands. */
  readonly text: string;
}

/** `text`: an object in canonical JSON of this server's own making, e.g. from storage. */
export const objectMembers = (text: string): MemberText[] => {
  const members: MemberText[] = [];
  for (let start = 1; start < text.length - 1; ) {
    const keyEnd = endOfString(text, start);
    const quoted = text.slice(start, keyEnd + 1);
    const end = endOfValue(text, keyEnd + 2);
    const key = quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
    members.push({ key, text: text.slice(start, end) });
    start = end + 1;
  }
  return members;
};

/** The index of the comma or brace that follows the value. */
const endOfValue = (text: string, start: number): number => {
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x22) i = endOfString(text, i);
    else if (c === 0x7b || c === 0x5b) depth++;
    else if (c === 0x7d || c === 0x5d) {
      if (depth-- === 0) return i;
    } else if (c === 0x2c && depth === 0) return i;
  }
  return text.length;
};
