// Reads what another server answered: the text of a JSON object, or the reason why not.

import { isUtf8 } from 'node:buffer';
import type { OutboundStream } from '../../http/outbound/outbound.ts';
import { parseJsonLossless } from '../../protocol/canonical-json/parse-json.ts';
import { MatrixError } from '../../protocol/errors/matrix-error.ts';
import { isJsonObject, type JsonObject } from '../../protocol/events/json.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import { PeerError, type PeerStage } from '../peer-error.ts';
import { asPeerError } from './exchange.ts';

export interface PeerAnswer {
  readonly status: number;
  /** As it was sent: what stands in it may have to be kept or hashed without loss. */
  readonly text: string;
  /** Parsed without loss. Throws PeerError `http` when it is no JSON object. */
  json(): JsonObject;
}

/** Of an error's body only this much is read for its reason. */
const ERROR_LENGTH_MAX = 64 * 1024;
const REASON_LENGTH_MAX = 300;

/** The body in the pieces it came in. Throws PeerError. */
export async function readPieces(destination: ServerName, { body }: OutboundStream): Promise<Buffer[]> {
  const pieces: Buffer[] = [];
  try {
    for await (const piece of body) pieces.push(piece as Buffer);
  } catch (error) {
    throw asPeerError(destination, error);
  }
  return pieces;
}

function textOf(destination: ServerName, pieces: readonly Buffer[]): string {
  const bytes = Buffer.concat(pieces);
  if (!isUtf8(bytes)) throw new PeerError(destination, 'http', 'the answer is not UTF-8');
  return bytes.toString('utf8');
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const value = parseJsonLossless(text);
    return isJsonObject(value) ? value : undefined;
  } catch (error) {
    if (error instanceof MatrixError) return undefined;
    throw error;
  }
}

function objectIn(destination: ServerName, text: string): JsonObject {
  const value = parseObject(text);
  if (!value) throw new PeerError(destination, 'http', 'the answer is no JSON object');
  return value;
}

/** A body that was read, parsed without loss. Throws PeerError `http` when it is no JSON object. */
export const objectOf = (destination: ServerName, pieces: readonly Buffer[]): JsonObject =>
  objectIn(destination, textOf(destination, pieces));

const shortened = (text: string): string =>
  text.length > REASON_LENGTH_MAX ? `${text.slice(0, REASON_LENGTH_MAX)}…` : text;

function retryAfterOf({ headers }: OutboundStream, body: JsonObject | undefined): number | undefined {
  const seconds = Number(headers['retry-after'] ?? Number.NaN);
  if (Number.isFinite(seconds) && seconds >= 0) return seconds * 1000;
  const ms = body?.retry_after_ms;
  return typeof ms === 'number' && ms >= 0 ? ms : undefined;
}

/** About one request: its size, its pace, or an endpoint that an older server does not have and knows no errcode for. */
const onlyThis = new Set([404, 405, 413, 414, 429, 431]);

function failureOf(destination: ServerName, answer: OutboundStream, text: string): PeerError {
  const { status } = answer;
  const body = text.length <= ERROR_LENGTH_MAX ? parseObject(text) : undefined;
  const errcode = typeof body?.errcode === 'string' ? body.errcode.slice(0, 100) : undefined;
  const said = typeof body?.error === 'string' ? shortened(body.error) : undefined;
  const matrixError = ` ${errcode}${said === undefined ? '' : `: ${said}`}`;
  const reason = `HTTP status ${status}${errcode === undefined ? ' without a Matrix error' : matrixError}`;
  const isGone = status === 410;
  // No homeserver gave that answer but something in front of it, or something else altogether.
  const isForeign = errcode === undefined && !onlyThis.has(status);
  // "401 Unauthorized" of a server that does not accept our signature: nothing we sign reaches it.
  const stage: PeerStage = status === 401 ? 'signature' : errcode === undefined || isGone ? 'http' : 'application';
  const retryAfterMs = retryAfterOf(answer, body);
  return new PeerError(destination, stage, isGone ? `the server is gone (${reason})` : reason, {
    status,
    isDown: isForeign || isGone || status === 401,
    isGone,
    ...(errcode === undefined ? {} : { errcode }),
    ...(said === undefined ? {} : { said }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/** Throws PeerError for every status but 2xx. */
export async function readAnswer(destination: ServerName, answer: OutboundStream): Promise<PeerAnswer> {
  const text = textOf(destination, await readPieces(destination, answer));
  const { status } = answer;
  if (status < 200 || status > 299) throw failureOf(destination, answer, text);
  return { status, text, json: () => objectIn(destination, text) };
}
