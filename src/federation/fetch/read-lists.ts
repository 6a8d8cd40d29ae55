// The lists in other servers' answers: of the right shape and not longer than they may be.

import { PeerError } from '../../peers/peer-error.ts';
import type { Json, JsonObject } from '../../protocol/events/json.ts';
import type { EventId, ServerName } from '../../protocol/ids/branded.ts';
import { isEventId } from '../../protocol/ids/event-id.ts';

/** Throws PeerError where there is none. */
export const listIn = (server: ServerName, answer: JsonObject, key: string): Json[] => {
  const list = Object.hasOwn(answer, key) ? answer[key] : undefined;
  if (!Array.isArray(list)) throw new PeerError(server, 'application', `its answer has no list of ${key}`);
  return list;
};

const tooMany = (server: ServerName, key: string, max: number): PeerError =>
  new PeerError(server, 'application', `its answer has more than ${max} ${key}`);

/** The first `max`; whether they are events is for their check. Throws PeerError for fewer than `min`. */
export const pdusIn = (server: ServerName, answer: JsonObject, key: string, max: number, min = 0): Json[] => {
  const list = listIn(server, answer, key);
  if (list.length < min) throw new PeerError(server, 'application', `its answer has no ${key}`);
  return list.length > max ? list.slice(0, max) : list;
};

/** Without repetition. A set that is cut is another state: too many, or what is no event id, throws PeerError. */
export const eventIdsIn = (server: ServerName, answer: JsonObject, key: string, max: number): EventId[] => {
  const list = listIn(server, answer, key);
  if (list.length > max) throw tooMany(server, key, max);
  const ids = new Set<EventId>();
  for (const id of list) {
    if (typeof id !== 'string' || !isEventId(id)) throw new PeerError(server, 'application', `${key} has no event ids`);
    ids.add(id);
  }
  return [...ids];
};
