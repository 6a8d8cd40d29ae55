// Whose directory is asked for.

import { forbidden } from '../../../protocol/errors/matrix-error.ts';
import type { ServerName } from '../../../protocol/ids/branded.ts';

/** Rooms of one page, at most. */
export const PAGE_MAX = 500;
export const PAGE_DEFAULT = 100;

/** Throws M_FORBIDDEN for another server's directory. */
export const checkServer = (server: ServerName | undefined, own: string): void => {
  if (server !== undefined && server !== own) {
    throw forbidden(`The directory of ${server} cannot be read: this server does not federate.`);
  }
};
