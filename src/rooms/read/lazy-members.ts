// The member events that a page of events needs to be shown. Client-Server API, "Lazy-loading room members".

import type { ReadTx } from '../../storage/database.ts';
import type { StoredEvent } from '../../storage/stores/events.ts';
import { bytesToHash } from '../state/room-state.ts';
import type { Reading } from './room-reader.ts';
import { stateEvents } from './state-events.ts';

/** The m.room.member events of the senders, as they are at the first of the events. */
export const lazyMembers = async (
  reading: Reading,
  tx: ReadTx,
  events: readonly StoredEvent[],
): Promise<StoredEvent[]> => {
  const root = events.find(({ stateRoot }) => stateRoot !== null)?.stateRoot;
  if (!root) return [];
  const senders = [...new Set(events.map(({ sender }) => sender))];
  return stateEvents(
    reading,
    tx,
    bytesToHash(root),
    senders.map((sender) => ['m.room.member', sender] as const),
  );
};
