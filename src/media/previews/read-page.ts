// Reads the OpenGraph properties of an HTML page. The page is hostile and may be cut off anywhere: one pass from tag to
// tag, each bounded, no tree. https://ogp.me/

import { decodeEntities } from './decode-entities.ts';

/** Property names (og:title, …) with their first values. */
export type PageProperties = ReadonlyMap<string, string>;

const TAG_LENGTH_MAX = 8192;
const VALUE_LENGTH_MAX = 2048;
const PROPERTIES_MAX = 60;

/** Elements whose text is no markup. */
const rawTextElements = ['script', 'style', 'noscript', 'template', 'textarea'];

const ATTRIBUTE = /[\s/]*([^\s=>"'/]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+)))?/y;

/** `text` begins behind the tag's name. Names in lower case, the first of equal names counts; `length`: what was read. */
function readAttributes(text: string): { attributes: Map<string, string>; length: number } {
  const attributes = new Map<string, string>();
  let length = 0;
  ATTRIBUTE.lastIndex = 0;
  for (let match = ATTRIBUTE.exec(text); match; match = ATTRIBUTE.exec(text)) {
    const name = match[1]!.toLowerCase();
    if (!attributes.has(name)) attributes.set(name, match[2] ?? match[3] ?? match[4] ?? '');
    length = ATTRIBUTE.lastIndex;
  }
  return { attributes, length };
}

/** One line of text, without control characters. */
const clean = (text: string): string =>
  decodeEntities(text.slice(0, 2 * VALUE_LENGTH_MAX))
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, VALUE_LENGTH_MAX)
    .toWellFormed();

/** What stands in for a property that the page does not have. */
const substitutes: Readonly<Record<string, readonly string[]>> = {
  'og:title': ['twitter:title', 'title'],
  'og:description': ['twitter:description', 'description'],
  'og:image': ['og:image:url', 'og:image:secure_url', 'twitter:image'],
};

export function readPage(html: string): PageProperties {
  const found = new Map<string, string>();
  const add = (name: string, value: string): void => {
    if (found.has(name) || found.size >= PROPERTIES_MAX) return;
    const text = clean(value);
    if (text !== '') found.set(name, text);
  };
  // Only ASCII letters: lengths must stay as they are.
  const lower = html.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  let at = lower.indexOf('<');
  while (at !== -1) {
    const end = readTag(html, lower, at, add);
    at = end === -1 ? -1 : lower.indexOf('<', end);
  }
  const page = new Map([...found].filter(([name]) => name.startsWith('og:') && !name.startsWith('og:image:')));
  for (const [name, others] of Object.entries(substitutes)) {
    const other = others.find((each) => found.has(each));
    if (!page.has(name) && other !== undefined) page.set(name, found.get(other)!);
  }
  return page;
}

type Add = (name: string, value: string) => void;

/** Where to go on; -1: nothing more is wanted. */
function readTag(html: string, lower: string, at: number, add: Add): number {
  if (lower.startsWith('<!--', at)) {
    const end = lower.indexOf('-->', at + 4);
    return end === -1 ? -1 : end + 3;
  }
  const name = /^<(\/?[a-z]{1,20})/.exec(lower.slice(at, at + 24))?.[1];
  if (name === undefined) return at + 1;
  if (name === 'body' || name === '/head') return -1;
  const start = at + 1 + name.length;
  if (name === 'meta') {
    const { attributes, length } = readAttributes(html.slice(start, start + TAG_LENGTH_MAX));
    const property = (attributes.get('property') ?? attributes.get('name') ?? '').toLowerCase();
    if (/^(og:[\w:]{1,60}|twitter:\w{1,20}|description)$/.test(property))
      add(property, attributes.get('content') ?? '');
    // Not from the start again: what was read once is not read for the next tag.
    return start + length;
  }
  if (name !== 'title' && !rawTextElements.includes(name)) return start;
  const close = lower.indexOf(`</${name}`, start);
  const open = lower.indexOf('>', start);
  if (name === 'title' && open !== -1 && close > open) add('title', html.slice(open + 1, close));
  return close;
}
