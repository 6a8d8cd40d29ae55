// What a client is told when other servers did not do what it wanted: which servers were asked, and what each said.

import type { PeerError } from '../peers/peer-error.ts';
import { MatrixError } from '../protocol/errors/matrix-error.ts';

/** Errors of other servers that clients know what to do with, the most telling first. */
const PASSED_ON: readonly (readonly [errcode: string, status: number])[] = [
  ['M_FORBIDDEN', 403],
  ['M_INVITE_BLOCKED', 403],
  ['M_INCOMPATIBLE_ROOM_VERSION', 400],
  ['M_UNSUPPORTED_ROOM_VERSION', 400],
  ['M_UNABLE_TO_AUTHORISE_JOIN', 400],
  ['M_UNABLE_TO_GRANT_JOIN', 400],
  ['M_LIMIT_EXCEEDED', 429],
];
/** Servers named in a message. */
const NAMED_MAX = 10;

/** `what`: a sentence without its end, e.g. "The room could not be joined". `failures`: one of each server that was asked. */
export const peerFailure = (what: string, failures: readonly PeerError[]): MatrixError => {
  const [first] = failures;
  if (!first) return new MatrixError(404, 'M_NOT_FOUND', `${what}: no server is known that is in it.`);
  const said = failures.slice(0, NAMED_MAX).map(describe);
  if (failures.length > NAMED_MAX) said.push(`${failures.length - NAMED_MAX} more`);
  const message = `${what}: ${said.join('; ')}.`;
  const cause = failures.length === 1 ? first : new AggregateError(failures, message);
  for (const [errcode, status] of PASSED_ON) {
    const telling = failures.find((failure) => failure.errcode === errcode);
    if (telling) return new MatrixError(status, errcode, message, { cause, fields: retryFields(telling) });
  }
  const isNowhere = failures.every((failure) => failure.status === 404 && failure.errcode === 'M_NOT_FOUND');
  if (isNowhere) return new MatrixError(404, 'M_NOT_FOUND', message, { cause });
  return new MatrixError(502, 'M_UNKNOWN', message, { cause });
};

const describe = ({ destination, stage, message }: PeerError): string => {
  const said = message.replace(/\.$/, '');
  return stage === 'application' ? `${destination} says: ${said}` : `${destination} (${stage}): ${said}`;
};

const retryFields = ({ retryAfterMs }: PeerError): Readonly<Record<string, number>> =>
  retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs };
