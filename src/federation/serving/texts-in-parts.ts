// Many events as texts, read in parts while they are sent: a state of 30,000 members is never in memory as a whole.

import { slicesOf } from '../../lib/slices-of.ts';
import type { RoomRef } from '../../rooms/room-ref.ts';
import type { Database } from '../../storage/database.ts';
import { eventIdsOf, eventsByNid } from '../../storage/stores/events.ts';
import { pduText } from './event-views.ts';

/** JSON texts. */
export type TextParts = AsyncIterable<readonly string[]>;

const EVENTS_AT_ONCE = 500;
const IDS_AT_ONCE = 5000;

/** PDUs; those of which `isWhole` is false in their redacted form. */
export async function* pdusInParts(
  db: Database,
  room: RoomRef,
  nids: readonly number[],
  isWhole: (nid: number) => boolean = () => true,
): TextParts {
  for (const some of slicesOf(nids, EVENTS_AT_ONCE)) {
    const events = await db.read((tx) => eventsByNid(tx, some));
    yield events.map((event) => pduText(event, room, isWhole(event.nid) ? 'whole' : 'redacted'));
  }
}

export async function* eventIdsInParts(db: Database, nids: readonly number[]): TextParts {
  for (const some of slicesOf(nids, IDS_AT_ONCE)) {
    const ids = await db.read((tx) => eventIdsOf(tx, some));
    yield [...ids.values()].map((id) => JSON.stringify(id));
  }
}
