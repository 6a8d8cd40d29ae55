// The size limits of an event, for our own drafts and for events of others.
// Client-Server API, "Size limits".

import { tooLarge } from '../errors/matrix-error.ts';
import { fitsIdLimit, idSizeBytesMax } from '../ids/byte-limit.ts';
import type { RoomEvent } from './room-event.ts';

/** In canonical JSON in the federation format with signatures. */
export const EVENT_SIZE_BYTES_MAX = 65_536;

/** `pduJson`: the whole event's canonical text, without `unsigned`. Throws M_TOO_LARGE. */
export const checkEventSize = (event: RoomEvent, pduJson: string): void => {
  // A UTF-16 unit takes one to three bytes in UTF-8.
  const mayExceed = pduJson.length * 3 > EVENT_SIZE_BYTES_MAX;
  if (mayExceed && (pduJson.length > EVENT_SIZE_BYTES_MAX || Buffer.byteLength(pduJson) > EVENT_SIZE_BYTES_MAX)) {
    throw tooLarge(`The event is larger than ${EVENT_SIZE_BYTES_MAX} bytes`);
  }
  checkField('type', event.type);
  checkField('state_key', event.stateKey ?? '');
  checkField('sender', event.sender);
  checkField('room_id', event.roomId);
  checkField('event_id', event.eventId);
};

const checkField = (name: string, text: string): void => {
  if (!fitsIdLimit(text)) throw tooLarge(`The event's ${name} is longer than ${idSizeBytesMax} bytes`);
};
