// The newest events of a room in a part of the stream that a viewer may see and a filter lets pass, as texts.

import type { JsonObject } from '../../protocol/events/json.ts';
import type { RoomEventFilter } from '../../protocol/filters/event-filter.ts';
import type { UserId } from '../../protocol/ids/branded.ts';
import type { RenderOptions, RoomReader } from '../../rooms/read/room-reader.ts';
import type { ReadTx } from '../../storage/database.ts';
import { type StoredEvent, timeline, transactionsOfEvents } from '../../storage/stores/events.ts';
import type { UserRoom } from '../user-rooms.ts';
import type { EntryContext } from './entry-context.ts';
import { type RecentRoom, type TimelineEvent, timelineEvents } from './recent-rooms.ts';
import type { SyncViewer } from './request.ts';

export interface TimelinePage {
  /** Oldest first. */
  readonly events: readonly TimelineEvent[];
  /** There is more in the span than these. */
  readonly limited: boolean;
  /** The position just before the first of them: what `prev_batch` names and where `state` stands. */
  readonly start: number;
}

export interface TimelineWanted {
  readonly room: UserRoom;
  readonly viewer: SyncViewer;
  readonly ignored: ReadonlySet<UserId>;
  readonly filter: RoomEventFilter;
  /** Positions above this. */
  readonly after: number;
  /** Positions up to this. */
  readonly upTo: number;
  /** What is in memory of the room, if it may be used. */
  readonly recent: RecentRoom | undefined;
  /** nid of an event that the viewer sees whatever the rules say: the end of their own membership. */
  readonly shown: number | undefined;
}

/** What a client that names no limit gets. */
export const TIMELINE_LIMIT_DEFAULT = 10;
/** Events looked at for one room; a filter that finds fewer than it wants among them gets a limited timeline. */
const SCANNED_MAX = 2000;

export const timelinePage = async (reader: RoomReader, tx: ReadTx, wanted: TimelineWanted): Promise<TimelinePage> => {
  const { room, filter, after, upTo, recent } = wanted;
  if (!filter.matchesRoom(room.roomId)) return { events: [], limited: false, start: upTo };
  const limit = filter.limit ?? TIMELINE_LIMIT_DEFAULT;
  if (recent) {
    const events = recent.events.filter(({ event }) => event.position! > after && event.position! <= upTo);
    const { passed, isCut } = await passing(reader, tx, wanted, events.reverse());
    if (isCut || recent.after <= after || passed.length > limit) return complete(passed, limit, upTo, isCut);
  }
  const newestFirst: TimelineEvent[] = [];
  let cursor = upTo;
  for (let scanned = 0; newestFirst.length <= limit; ) {
    const pageSize = limit + 1 - newestFirst.length + (scanned === 0 ? 0 : 100);
    const page = await timeline(tx, { room: room.nid, after, upTo: cursor, backwards: true, limit: pageSize });
    const { passed, isCut } = await passing(reader, tx, wanted, await timelineEvents(tx, room, page));
    newestFirst.push(...passed);
    if (isCut || page.length < pageSize) return complete(newestFirst, limit, upTo, isCut);
    scanned += page.length;
    cursor = page.at(-1)!.position! - 1;
    if (scanned >= SCANNED_MAX) return complete(newestFirst, limit, upTo, true);
  }
  return complete(newestFirst, limit, upTo, false);
};

const complete = (newestFirst: readonly TimelineEvent[], limit: number, upTo: number, isCut: boolean): TimelinePage => {
  const events = newestFirst.slice(0, limit).reverse();
  const start = events.length === 0 ? upTo : events[0]!.event.position! - 1;
  return { events, limited: isCut || newestFirst.length > limit, start };
};

const matches = (filter: RoomEventFilter, event: StoredEvent): boolean =>
  filter.matches({
    type: event.type,
    sender: event.sender,
    ...(filter.containsUrl !== undefined && { content: JSON.parse(event.content) as JsonObject }),
  });

/** Since the viewer's join nothing is hidden from them but those whom they ignore. */
const isAsMember = ({ membership, sincePosition }: UserRoom, { position }: StoredEvent): boolean =>
  membership === 'join' && position !== null && position >= sincePosition;

/** "Servers must still send state events sent by ignored users to clients." */
const isIgnored = (ignored: ReadonlySet<UserId>, { stateKey, sender }: StoredEvent): boolean =>
  ignored.size > 0 && stateKey === undefined && ignored.has(sender);

interface Passing {
  readonly passed: readonly TimelineEvent[];
  /** What is older is left to /messages. */
  readonly isCut: boolean;
}

/** `events`: newest first. */
const passing = async (
  reader: RoomReader,
  tx: ReadTx,
  { room, viewer, ignored, filter, shown }: TimelineWanted,
  events: readonly TimelineEvent[],
): Promise<Passing> => {
  const matching = filter.matchesAll ? events : events.filter(({ event }) => matches(filter, event));
  // "limited": the client asks for what lies before a gap, which may then be fetched from other servers.
  const gap = events.findIndex(({ followsGap }) => followsGap);
  const position = gap === -1 ? Number.NEGATIVE_INFINITY : events[gap]!.event.position!;
  const near = gap === -1 ? matching : matching.filter(({ event }) => event.position! >= position);
  if (near.every(({ event }) => isAsMember(room, event) && event.verdict === 0)) {
    const passed = ignored.size === 0 ? near : near.filter(({ event }) => !isIgnored(ignored, event));
    return { passed, isCut: gap !== -1 };
  }
  const stored = near.map(({ event }) => event);
  const visible = new Set(await reader.visible(tx, room, stored, viewer));
  const isSeen = ({ event }: TimelineEvent): boolean => visible.has(event) || event.nid === shown;
  // Behind a change of state that the viewer may not see, older state would pass for the newest.
  const cut = near.findIndex((each) => each.event.stateKey !== undefined && !isSeen(each));
  return { passed: (cut === -1 ? near : near.slice(0, cut)).filter(isSeen), isCut: cut !== -1 || gap !== -1 };
};

/** The events' texts, in order. Those that are the same for every member are put together here, the others by the reader. */
export const timelineTexts = async (
  reader: RoomReader,
  { tx, request: { viewer } }: EntryContext,
  room: UserRoom,
  events: readonly TimelineEvent[],
  { now, ...options }: RenderOptions & { readonly now: number },
): Promise<string[]> => {
  const isPlain = ({ event, isRelatedTo }: TimelineEvent): boolean =>
    !isRelatedTo && event.redactedBy === null && event.replaces === null && isAsMember(room, event);
  const isSpecial = options.federationFormat === true || options.fields !== undefined;
  const others = events.filter((each) => isSpecial || !isPlain(each)).map(({ event }) => event);
  const rendered = await reader.render(tx, room, others, viewer, options);
  const texts = new Map(others.map((event, index) => [event, rendered[index]!]));
  const own = events.filter(({ event }) => event.senderNid === viewer.user && !texts.has(event));
  const transactions = await transactionsOfEvents(
    tx,
    viewer.device,
    own.map(({ event }) => event.nid),
  );
  return events.map(({ event, opened }) => {
    const text = texts.get(event);
    if (text !== undefined) return text;
    const transaction = transactions.get(event.nid);
    const id = transaction === undefined ? '' : `,"transaction_id":${JSON.stringify(transaction)}`;
    return `${opened},"unsigned":{"age":${now - event.originServerTs},"membership":"join"${id}}}`;
  });
};
