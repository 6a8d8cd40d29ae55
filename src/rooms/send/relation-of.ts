// What an event relates to. Client-Server API, "Relationship types"; MSC2674, MSC3440.

import type { JsonObject } from '../../protocol/events/json.ts';
import type { RelationRow } from '../../storage/stores/persist.ts';

/** Longest aggregation key that is kept, in UTF-16 units. Longer ones relate all the same but are not aggregated. */
const KEY_LENGTH_MAX = 255;

export const relationOf = (content: JsonObject): RelationRow | undefined => {
  const relatesTo = content['m.relates_to'];
  if (typeof relatesTo !== 'object' || relatesTo === null || Array.isArray(relatesTo)) return undefined;
  const { rel_type: relType, event_id: target, key } = relatesTo;
  if (typeof relType !== 'string' || typeof target !== 'string') return undefined;
  return { target, relType, key: typeof key === 'string' && key.length <= KEY_LENGTH_MAX ? key : null };
};
