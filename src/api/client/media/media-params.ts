// Parameters that the media endpoints have in common.

import { optionalInt, serverNameParam, text } from '../../../http/inbound/params.ts';
import { ARRIVAL_TIMEOUT_MS, ARRIVAL_TIMEOUT_MS_MAX } from '../../../media/media-limits.ts';
import { invalidParam } from '../../../protocol/errors/matrix-error.ts';
import { isMediaId } from '../../../protocol/ids/mxc-uri.ts';

function mediaIdParam(value: string | undefined, name: string): string {
  const given = text(value, name);
  if (!isMediaId(given)) throw invalidParam(`${name} is not a media ID.`);
  return given;
}

/** "Homeservers MUST sanitise mxc:// URIs": nothing else reaches the file system or the database. */
export const mxcParams = { serverName: serverNameParam, mediaId: mediaIdParam };

export const timeoutQuery = {
  timeout_ms: optionalInt({ default: ARRIVAL_TIMEOUT_MS, min: 0, max: ARRIVAL_TIMEOUT_MS_MAX, clamp: true }),
};
