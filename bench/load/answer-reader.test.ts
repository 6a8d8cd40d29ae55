import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AnswerReader } from './answer-reader.ts';

const byLength = (body: string): string =>
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

const chunked = (chunks: readonly string[]): string => {
  const parts = chunks.filter(Boolean).map((chunk) => `${Buffer.byteLength(chunk).toString(16)}\r\n${chunk}\r\n`);
  return `HTTP/1.1 404 Not Found\r\ntransfer-encoding: chunked\r\n\r\n${parts.join('')}0\r\n\r\n`;
};

const cut = (bytes: Buffer, at: readonly number[]): Buffer[] => {
  const places = [0, ...at.map((place) => place % bytes.length), bytes.length].sort((a, b) => a - b);
  return places.slice(1).map((place, index) => bytes.subarray(places[index], place));
};

test('answers are whole however the bytes are cut', () => {
  const answer = fc.oneof(
    fc.string().map((body) => ({ wire: byLength(body), body, status: 200 })),
    fc.array(fc.string()).map((chunks) => ({ wire: chunked(chunks), body: chunks.join(''), status: 404 })),
  );
  fc.assert(
    fc.property(fc.array(answer), fc.array(fc.nat()), (answers, places) => {
      const reader = new AnswerReader();
      for (const { wire, body, status } of answers) {
        const pieces = cut(Buffer.from(wire), places).filter((piece) => piece.length > 0);
        const read = pieces.map((piece) => reader.push(piece));
        expect(read.slice(0, -1).every((each) => each === undefined)).toBe(true);
        expect(read.at(-1)?.status).toBe(status);
        expect(read.at(-1)?.body.toString()).toBe(body);
      }
    }),
  );
});
