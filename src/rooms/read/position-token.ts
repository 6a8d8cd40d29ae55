// Tokens of timelines: a place between two events of the stream. The same for /sync, /messages, /context and /relations.

import { invalidParam } from '../../protocol/errors/matrix-error.ts';

/** The token after everything up to and including `position`. */
export const positionToken = (position: number): string => `s${position}`;

const TOKEN = /^s(-?\d{1,15})(?:_\d{1,15})*$/;

/** The position in a token of a timeline or of /sync, whose further numbers do not matter here. Throws M_INVALID_PARAM. */
export const parsePositionToken = (token: string, name = 'from'): number => {
  const match = TOKEN.exec(token);
  if (!match) throw invalidParam(`${name} is not a token of this server.`);
  return Number(match[1]);
};

/** For optional query parameters. */
export const optionalPosition = (text: string | undefined, name: string): number | undefined =>
  text === undefined || text === '' ? undefined : parsePositionToken(text, name);
