// State events as /sync's `state` lists them, remembered as texts: they are the same for everybody, and asked for again
// and again. They carry no `unsigned`, unless they were redacted.

import { LruCache } from '../../lib/lru-cache.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { RoomEventFilter } from '../../protocol/filters/event-filter.ts';
import { openEventText } from '../../rooms/read/event-text.ts';
import type { RenderOptions, RoomReader } from '../../rooms/read/room-reader.ts';
import type { RoomRef } from '../../rooms/room-ref.ts';
import type { ReadTx } from '../../storage/database.ts';
import { eventsByNid, type StoredEvent } from '../../storage/stores/events.ts';
import { redactedAmong } from '../../storage/stores/sync-rooms.ts';
import type { EntryContext } from './entry-context.ts';
import type { SyncViewer } from './request.ts';

interface StateText {
  readonly type: string;
  readonly sender: string;
  readonly text: string;
}

/** Texts kept, about 1 kB each. */
const TEXTS_MAX = 30_000;
/** Longer ones are made anew each time. */
const TEXT_LENGTH_MAX = 8192;

export interface StateTexts {
  /** The texts of those state events (nids) that the filter lets pass. */
  of(context: EntryContext, room: RoomRef, nids: readonly number[], options: RenderOptions): Promise<string[]>;
}

export const createStateTexts = ({ reader }: { reader: RoomReader }): StateTexts => {
  const remembered = new LruCache<number, StateText>(TEXTS_MAX);

  const load = async (tx: ReadTx, room: RoomRef, nids: readonly number[], viewer: SyncViewer): Promise<StateText[]> => {
    const known: StateText[] = [];
    const absent: number[] = [];
    const redacted = await redactedAmong(tx, nids);
    for (const nid of nids) {
      const text = redacted.has(nid) ? undefined : remembered.get(nid);
      if (text) known.push(text);
      else absent.push(nid);
    }
    if (absent.length === 0) return known;
    const events = await eventsByNid(tx, absent);
    for (const event of events) {
      if (event.redactedBy !== null) continue;
      const { type, sender } = event;
      const text = { type, sender, text: `${openEventText(event, room, false)}}` };
      if (text.text.length <= TEXT_LENGTH_MAX) remembered.set(event.nid, text);
      known.push(text);
    }
    const marked = events.filter((event) => event.redactedBy !== null);
    const texts = await reader.render(tx, room, marked, viewer, { withoutRoomId: true });
    for (const [index, { type, sender }] of marked.entries()) known.push({ type, sender, text: texts[index]! });
    return known;
  };

  return {
    async of({ tx, request: { viewer, filter: whole } }, room, nids, options) {
      const filter = whole.room.state;
      if (nids.length === 0 || !filter.matchesRoom(room.roomId)) return [];
      if (options.fields || options.federationFormat) {
        const events = await eventsByNid(tx, nids);
        const passing = events.filter((event) => filter.matches(filtered(event)));
        return reader.render(tx, room, passing, viewer, options);
      }
      const texts = await load(tx, room, nids, viewer);
      if (filter.matchesAll) return texts.map(({ text }) => text);
      return texts.filter((each) => filter.matches(filteredText(each, filter))).map(({ text }) => text);
    },
  };
};

const filtered = ({ type, sender, content }: StoredEvent) => ({
  type,
  sender,
  content: JSON.parse(content) as JsonObject,
});

const filteredText = ({ type, sender, text }: StateText, { containsUrl }: RoomEventFilter) => ({
  type,
  sender,
  ...(containsUrl !== undefined && { content: (JSON.parse(text) as { content: JsonObject }).content }),
});
