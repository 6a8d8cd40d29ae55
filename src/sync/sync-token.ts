// The `since` of /sync: a stream position, and what does not follow it. Client-Server API, "Syncing".

import { invalidParam } from '../protocol/errors/matrix-error.ts';

export interface SyncToken {
  /** Everything durable up to this stream position is told. */
  readonly position: number;
  /** The same for typing and presence, which are counted in memory. */
  readonly ephemeral: number;
  /** Messages to the device up to this stream position are told: lower than `position` while more are waiting. */
  readonly toDevice: number;
}

const TOKEN = /^s(\d{1,15})(?:_(\d{1,15})(?:_(\d{1,15}))?)?$/;

/** Also takes the tokens of timelines, which have the position alone. Throws M_INVALID_PARAM. */
export const parseSyncToken = (text: string): SyncToken => {
  const match = TOKEN.exec(text);
  if (!match) throw invalidParam('since is not a token of this server.');
  const position = Number(match[1]);
  return { position, ephemeral: Number(match[2] ?? 0), toDevice: Number(match[3] ?? position) };
};

export const syncTokenText = ({ position, ephemeral, toDevice }: SyncToken): string =>
  `s${position}_${ephemeral}${toDevice === position ? '' : `_${toDevice}`}`;
