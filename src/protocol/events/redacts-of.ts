// Which event a redaction names.
// Client-Server API, m.room.redaction; room version 11, "Event format".

import type { EventId } from '../ids/branded.ts';
import type { JsonObject } from './json.ts';

/** `holder`: the event's top level, since v11 its content. What is no string names nothing. */
export const redactsOf = (type: string, holder: JsonObject): EventId | undefined => {
  if (type !== 'm.room.redaction' || !Object.hasOwn(holder, 'redacts')) return undefined;
  return typeof holder.redacts === 'string' ? (holder.redacts as EventId) : undefined;
};
