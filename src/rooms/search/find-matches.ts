// Events that a search finds and its user may see, latest first.

import type { SearchKey } from '../../protocol/events/searched-text.ts';
import type { RoomEventFilter } from '../../protocol/filters/event-filter.ts';
import { roomVersion } from '../../protocol/room-versions/room-versions.ts';
import type { ReadTx } from '../../storage/database.ts';
import { keyToken, roomToken, senderToken, wordToken } from '../../storage/search-tokens.ts';
import { eventsAtPositions, type StoredEvent } from '../../storage/stores/events.ts';
import { presentAndPastRooms } from '../../storage/stores/memberships.ts';
import { countWithWords, positionsWithWords } from '../../storage/stores/search-words.ts';
import type { Look } from '../read/room-reader.ts';
import { matches } from '../read/scan-timeline.ts';
import { visibleEvents } from '../read/visible-events.ts';
import type { RoomRef } from '../room-ref.ts';

export interface SearchScope {
  readonly words: readonly string[];
  readonly keys: readonly SearchKey[];
  readonly filter: RoomEventFilter;
  readonly rooms: ReadonlyMap<number, RoomRef>;
  /** Only this sender (nid), for more of a group. */
  readonly sender: number | undefined;
}

/** Events looked at in one search, however few of them the user may see. */
const LOOKED_AT_MAX = 5_000;
const BATCH = 200;
/** More rooms than this are not named to the index; what it finds is judged afterwards all the same. */
const ROOMS_NAMED_MAX = 300;
const COUNTED_MAX = 10_000;

/** The rooms the user is or was in, as far as the filter lets them pass. `only`: one of them (nid). */
export const searchableRooms = async (
  { tx, viewer }: Look,
  filter: RoomEventFilter,
  only: number | undefined,
): Promise<Map<number, RoomRef>> => {
  const rooms = new Map<number, RoomRef>();
  for (const { nid, roomId, version: versionId } of await presentAndPastRooms(tx, viewer.user)) {
    const version = roomVersion(versionId);
    if (version && filter.matchesRoom(roomId) && (only === undefined || only === nid)) {
      rooms.set(nid, { nid, roomId, version });
    }
  }
  return rooms;
};

const wanted = ({ words, keys, rooms, sender }: SearchScope) => ({
  all: [...words.map(wordToken), ...(sender === undefined ? [] : [senderToken(sender)])],
  anyOf: [keys.map(keyToken), ...(rooms.size > ROOMS_NAMED_MAX ? [] : [[...rooms.keys()].map(roomToken)])],
});

const isHopeless = ({ words, keys, rooms }: SearchScope): boolean =>
  words.length === 0 || keys.length === 0 || rooms.size === 0;

/** About how many events there are to find. */
export const countMatches = (tx: ReadTx, scope: SearchScope): Promise<number> =>
  isHopeless(scope) ? Promise.resolve(0) : countWithWords(tx, { ...wanted(scope), limit: COUNTED_MAX });

/** At most `limit` events with positions up to and including `upTo`. */
export const findMatches = async (
  look: Look,
  scope: SearchScope,
  range: { readonly upTo: number; readonly limit: number },
): Promise<StoredEvent[]> => {
  const { tx } = look;
  const found: StoredEvent[] = [];
  if (isHopeless(scope)) return found;
  let { upTo } = range;
  for (let lookedAt = 0; lookedAt < LOOKED_AT_MAX; lookedAt += BATCH) {
    const positions = await positionsWithWords(tx, { ...wanted(scope), upTo, limit: BATCH });
    const events = await eventsAtPositions(tx, positions);
    const visible = await visibleOnes(look, scope, events);
    for (const event of visible) {
      found.push(event);
      if (found.length === range.limit) return found;
    }
    if (positions.length < BATCH) break;
    upTo = positions.at(-1)! - 1;
  }
  return found;
};

/** Latest first. */
const visibleOnes = async (
  look: Look,
  { rooms, filter }: SearchScope,
  events: readonly StoredEvent[],
): Promise<StoredEvent[]> => {
  const byRoom = Map.groupBy(
    // Redacted since they were indexed, some have nothing of what is looked for any more.
    events.filter((event) => rooms.has(event.room) && event.redactedBy === null && matches(filter, event)),
    ({ room }) => room,
  );
  const visible: StoredEvent[] = [];
  for (const [room, some] of byRoom) visible.push(...(await visibleEvents(look, rooms.get(room)!, some)));
  return visible.sort((a, b) => b.position! - a.position!);
};
