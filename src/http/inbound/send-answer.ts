// Writes an answer: JSON objects, texts, bytes, and streams with back-pressure.

import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { corsHeaders } from './cors.ts';
import { Answer } from './endpoint.ts';
import type { Exchange, Result } from './exchange.ts';

const jsonType = 'application/json';

function head(exchange: Exchange, status: number, sizeBytes: number | undefined, extra: Record<string, string>): void {
  const headers = [...corsHeaders, 'X-Request-Id', exchange.requestId, 'X-Content-Type-Options', 'nosniff'];
  for (const name in extra) headers.push(name, extra[name] as string);
  if (sizeBytes !== undefined) headers.push('Content-Length', String(sizeBytes));
  exchange.response.writeHead(status, headers);
}

/** A JSON text as the whole answer. */
export function sendJson(exchange: Exchange, status: number, text: string, extra?: Record<string, string>): void {
  const headers = { 'Content-Type': jsonType, ...extra };
  endText(exchange, status, text, headers);
}

/** ASCII, which is most JSON, is the same in Latin-1, whose writing is a plain copy. */
function endText(exchange: Exchange, status: number, text: string, headers: Record<string, string>): void {
  const sizeBytes = Buffer.byteLength(text);
  head(exchange, status, sizeBytes, headers);
  exchange.response.end(text, sizeBytes === text.length ? 'latin1' : 'utf8');
}

/** Resolves when the answer is handed to the socket; rejects when its source fails or the client goes away. */
export async function sendAnswer(exchange: Exchange, result: Result): Promise<void> {
  if (!(result instanceof Answer)) {
    sendJson(exchange, 200, JSON.stringify(result));
    return;
  }
  const { status, body, headers } = result;
  if (body === undefined) {
    head(exchange, status, status === 204 || status === 304 ? undefined : 0, headers);
    exchange.response.end();
  } else if (typeof body === 'string') {
    endText(exchange, status, body, headers);
  } else if (body instanceof Uint8Array) {
    head(exchange, status, body.byteLength, headers);
    exchange.response.end(body);
  } else {
    const source = body instanceof Readable ? body : Readable.from(body, { objectMode: false });
    head(exchange, status, undefined, headers);
    await sendStream(source, exchange);
  }
}

async function sendStream(source: Readable, { request, response }: Exchange): Promise<void> {
  if (request.method === 'HEAD') {
    source.destroy();
    response.end();
    return;
  }
  // Whoever asked has hung up.
  if (response.destroyed) {
    source.destroy();
    return;
  }
  await pipeline(source, response);
}

/** What is left of a request's body after an early answer is read and dropped, but not for ever. */
export function dropRestOfBody(response: ServerResponse, exchange: Exchange, afterMs: number, after: After): void {
  const { request } = exchange;
  if (request.complete || request.destroyed) return;
  request.resume();
  const timer = after(afterMs, () => request.socket.destroy());
  request.once('close', () => timer.cancel());
  request.once('end', () => timer.cancel());
  response.once('error', () => timer.cancel());
}

type After = (delayMs: number, run: () => void) => { cancel(): void };
