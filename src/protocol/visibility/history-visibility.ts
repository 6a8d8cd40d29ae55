// What m.room.history_visibility says. Client-Server API, "Room History Visibility".

import type { Json, JsonObject } from '../events/json.ts';

export type HistoryVisibility = 'world_readable' | 'shared' | 'invited' | 'joined';

/** `content` of the event in force, or undefined when the room has none. */
export function historyVisibility(content: JsonObject | undefined): HistoryVisibility {
  const value: Json | undefined = content?.history_visibility;
  if (value === 'world_readable' || value === 'invited' || value === 'joined') return value;
  // "By default if no history_visibility is set, or if the value is not understood, the visibility is assumed to be shared."
  return 'shared';
}
