// The key of a room's state: an event type and a state key as one string, so that a state can be a Map.

import type { Branded } from '../ids/branded.ts';

export type StateKey = Branded<'StateKey'>;

/** The length keeps apart pairs whose texts run together alike. */
export const stateKeyOf = (type: string, stateKey: string): StateKey => `${type.length}:${type}${stateKey}` as StateKey;

export function splitStateKey(key: StateKey): { type: string; stateKey: string } {
  const colon = key.indexOf(':');
  const end = colon + 1 + Number(key.slice(0, colon));
  return { type: key.slice(colon + 1, end), stateKey: key.slice(end) };
}
