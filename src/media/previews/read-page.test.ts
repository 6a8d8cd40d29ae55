import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pageText } from './page-text.ts';
import { readPage } from './read-page.ts';

const read = (html: string): Record<string, string> => Object.fromEntries(readPage(html));

test.each([
  ['<meta property="og:title" content="The Rock" />', { 'og:title': 'The Rock' }],
  ["<META CONTENT='a > b' NAME=og:Title>", { 'og:title': 'a > b' }],
  ['<title>\n A &lt;page&gt; &#x2615;&#9749; </title>', { 'og:title': 'A <page> ☕☕' }],
  ['<title>T</title><meta name=description content=D>', { 'og:title': 'T', 'og:description': 'D' }],
  ['<meta property=og:title content=1><meta property=og:title content=2>', { 'og:title': '1' }],
  ['<script>"<meta property=og:title content=no>"</script><meta property=og:type content=yes>', { 'og:type': 'yes' }],
  ['<!-- <meta property=og:title content=no> --><meta property=og:type content=yes>', { 'og:type': 'yes' }],
  ['<body><meta property=og:title content=late>', {}],
  ['<meta property=og:image:width content=9><meta property=og:image:url content=a.png>', { 'og:image': 'a.png' }],
  ['<meta property=__proto__ content=x><meta property=og:title content="unclosed', {}],
  ['<title>never closed', {}],
])('%s', (html, expected) => {
  expect(read(html)).toEqual(expected);
});

test('no page takes long or throws', () => {
  for (const piece of [
    '<',
    '<meta ',
    '<meta a="',
    "<meta content='",
    '<!--',
    '<title>',
    '<script',
    '<meta property=og:a content=&#',
  ]) {
    readPage(piece.repeat(Math.ceil(512_000 / piece.length)));
  }
  const piece = fc.constantFrom(
    '<meta ',
    'property=',
    'og:title',
    '"',
    "'",
    '>',
    '<title>',
    '</title',
    '<!--',
    '-->',
    '&#x0;',
    ' ',
  );
  fc.assert(fc.property(fc.array(piece), (pieces) => void readPage(pieces.join(''))));
});

test('charsets are told by the header, by a mark, or by the page', () => {
  const latin = Buffer.from('<meta charset="iso-8859-1"><title>\xe9</title>', 'latin1');
  expect(pageText(latin, 'text/html')).toContain('é');
  expect(pageText(Buffer.from('é', 'latin1'), 'text/html; charset=windows-1252')).toBe('é');
  expect(pageText(Buffer.from('\ufeffé'), 'text/html; charset=iso-8859-1')).toBe('é');
  expect(pageText(Buffer.from('é'), 'text/html; charset=nonsense')).toBe('é');
});
