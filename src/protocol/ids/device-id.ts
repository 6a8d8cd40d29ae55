// Device ids: chosen by clients, so only their length and their storability are checked.
// Client-Server API, "Devices" (no grammar given).

import { invalidParam } from '../errors/matrix-error.ts';
import { fitsIdLimit } from './byte-limit.ts';
import { isOpaqueText } from './opaque-id.ts';

/** 1 to 255 bytes, no NUL, no lone surrogate. */
export const isDeviceId = (text: string): boolean => text.length > 0 && fitsIdLimit(text) && isOpaqueText(text);

/** Throws M_INVALID_PARAM when `text` cannot be a device id. */
export const parseDeviceId = (text: string): string => {
  if (!isDeviceId(text)) throw invalidParam('Not a device ID');
  return text;
};
