// Event ids of every room version, opaque but for their sigil and length.
// Appendices, "Event IDs".

import { invalidParam } from '../errors/matrix-error.ts';
import type { EventId } from './branded.ts';
import { isIdWithoutServer, isIdWithServer } from './opaque-id.ts';

export const isEventId = (text: string): text is EventId => isIdWithoutServer(text, '$') || isIdWithServer(text, '$');

/** Throws M_INVALID_PARAM when `text` is not an event id. */
export const parseEventId = (text: string): EventId => {
  if (!isEventId(text)) throw invalidParam('Not an event ID');
  return text;
};

/** v1–2: `$opaque_id:domain`. */
export const isEventIdWithServer = (text: string): text is EventId => isIdWithServer(text, '$');
