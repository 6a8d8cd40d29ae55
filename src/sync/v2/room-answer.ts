// What an answer says of one room that the user is or was in: timeline, and the state around it.

import type { Clock } from '../../lib/clock.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { Filter } from '../../protocol/filters/parse-filter.ts';
import type { UserId } from '../../protocol/ids/branded.ts';
import type { Names } from '../../rooms/names.ts';
import { positionToken } from '../../rooms/read/position-token.ts';
import type { RenderOptions, RoomReader } from '../../rooms/read/room-reader.ts';
import type { StateKeyPair } from '../../rooms/state/room-state.ts';
import type { StoredEvent } from '../../storage/stores/events.ts';
import type { UserRoom } from '../user-rooms.ts';
import type { EntryContext } from './entry-context.ts';
import type { LazyMembers } from './lazy-members.ts';
import type { RecentRoom } from './recent-rooms.ts';
import type { SyncRequest } from './request.ts';
import {
  type Changes,
  entriesAt,
  type RoomStateAt,
  rootBefore,
  type StateDeps,
  type StateRoots,
  stateToTell,
} from './room-state.ts';
import type { StateTexts } from './state-texts.ts';
import { type TimelinePage, timelinePage, timelineTexts } from './timeline.ts';

export interface RoomDeps extends StateDeps {
  readonly clock: Clock;
  readonly reader: RoomReader;
  readonly names: Names;
  readonly stateTexts: StateTexts;
  readonly lazyMembers: LazyMembers;
}

export interface RoomWanted {
  /** Timeline events have positions above this. */
  readonly after: number;
  /** The timeline's end. */
  readonly upTo: number;
  /** What is in memory of the room, if it may be used. */
  readonly recent: RecentRoom | undefined;
  /** The last state that the user may see; undefined: none. */
  readonly end: RoomStateAt | undefined;
  /** The position of the state that the client has; undefined: none. */
  readonly stateSince: number | undefined;
  /** The client must not join this timeline to what it has. */
  readonly startsAnew: boolean;
  /** Users whose members are listed in any case. */
  readonly membersNeeded: readonly UserId[];
  /** nid of the user's own member event, which they see in any case: the end of their membership. */
  readonly shown?: number;
}

const renderOptions = (filter: Filter): RenderOptions => ({
  withoutRoomId: true,
  ...(filter.eventFormat === 'federation' && { federationFormat: true }),
  ...(filter.eventFields && { fields: filter.eventFields }),
});

/** `"timeline":{…}` and `"state":{…}`, each without what is empty. */
export const roomAnswer = async (
  deps: RoomDeps,
  room: UserRoom,
  context: EntryContext,
  wanted: RoomWanted,
): Promise<string[]> => {
  const { tx, request, ignored } = context;
  const { viewer, filter } = request;
  const { shown } = wanted;
  const page = await timelinePage(deps.reader, tx, {
    ...wanted,
    room,
    viewer,
    ignored,
    filter: filter.room.timeline,
    shown,
  });
  noteJoiners(page, context);
  const options = renderOptions(filter);
  const events = await timelineTexts(deps.reader, context, room, page.events, { ...options, now: deps.clock.now() });
  const nids = await stateNids(deps, room, context, wanted, page);
  const state = await deps.stateTexts.of(context, room, nids, options);
  return sections(request, wanted, page, events, state);
};

const noteJoiners = ({ events }: TimelinePage, { learnt, span }: EntryContext): void => {
  if (span.since === undefined) return;
  for (const { event } of events) {
    if (event.type !== 'm.room.member' || event.stateKey === undefined) continue;
    const { membership } = JSON.parse(event.content) as JsonObject;
    if (membership === 'join') learnt.joiners.push(event.stateKey as UserId);
  }
};

const sections = (
  { useStateAfter }: SyncRequest,
  { startsAnew, stateSince, end }: RoomWanted,
  page: TimelinePage,
  events: readonly string[],
  state: readonly string[],
): string[] => {
  const parts: string[] = [];
  // Who was not in the room has no gap to fill.
  const limited = end !== undefined && (page.limited || startsAnew);
  if (events.length > 0 || limited || stateSince === undefined) {
    const token = JSON.stringify(positionToken(page.start));
    parts.push(`"timeline":{"events":[${events.join(',')}],"limited":${limited},"prev_batch":${token}}`);
  }
  if (useStateAfter !== undefined) parts.push(`"${useStateAfter}":{"events":[${state.join(',')}]}`);
  else if (state.length > 0 || stateSince === undefined) parts.push(`"state":{"events":[${state.join(',')}]}`);
  return parts;
};

/** The state section's events. */
const stateNids = async (
  deps: RoomDeps,
  room: UserRoom,
  context: EntryContext,
  wanted: RoomWanted,
  page: TimelinePage,
): Promise<number[]> => {
  const { stateSince, end, shown } = wanted;
  const { tx, request } = context;
  const atEnd = request.useStateAfter !== undefined;
  if (!end) return outOfState(page, shown, atEnd);
  const roots: StateRoots = {
    known: stateSince === undefined ? undefined : await rootBefore(tx, room.nid, stateSince, end),
    start: atEnd ? end.root : await rootBefore(tx, room.nid, page.start, end),
    end: end.root,
  };
  const timeline = page.events.map(({ event }) => event);
  const lazy = request.filter.room.state.lazyLoadMembers;
  const told = await stateToTell(deps, tx, { roots, timeline, atEnd, lazy });
  if (lazy) await addLazyMembers(deps, room, context, wanted, { roots, timeline, told });
  if (atEnd && shown !== undefined) {
    // Who has left may be banned after: no part of the state that they may see, but of their own.
    const [own] = await deps.names.findStateKeysIn(tx, [['m.room.member', request.viewer.userId]]);
    if (own !== undefined) told.set(own, shown);
  }
  return [...told.values()];
};

/** The user's own member event, if no timeline shows it: the end of an invite to a room that this server is not in. */
const outOfState = ({ events }: TimelinePage, shown: number | undefined, atEnd: boolean): number[] =>
  shown === undefined || (!atEnd && events.some(({ event }) => event.nid === shown)) ? [] : [shown];

interface LazyPage {
  readonly roots: StateRoots;
  readonly timeline: readonly StoredEvent[];
  readonly told: Changes;
}

/** Adds the member events that are listed because the timeline or the summary names their users. */
const addLazyMembers = async (
  deps: RoomDeps,
  room: UserRoom,
  { tx, request, span: { now } }: EntryContext,
  { stateSince, membersNeeded }: RoomWanted,
  { roots: { start, end }, timeline, told }: LazyPage,
): Promise<void> => {
  const users = new Set<UserId>(membersNeeded);
  for (const { sender } of timeline) users.add(sender);
  const pairs = [...users].map((userId): StateKeyPair => ['m.room.member', userId]);
  const keys = (await deps.names.findStateKeysIn(tx, pairs)).filter((key) => key !== undefined);
  const entries = await entriesAt(deps, tx, start, keys);
  const shown = new Set(timeline.flatMap(({ stateKeyNid }) => stateKeyNid ?? []));
  if (start !== end) {
    for (const [key, event] of await entriesAt(deps, tx, end, keys)) if (!shown.has(key)) entries.set(key, event);
  }
  const { device } = request.viewer;
  const always = stateSince === undefined || request.filter.room.state.includeRedundantMembers;
  for (const [key, event] of entries) {
    const isNews = always || !deps.lazyMembers.knows(device, room.nid, key, event, stateSince);
    if (isNews && !told.has(key)) told.set(key, event);
    deps.lazyMembers.told(device, room.nid, key, event, now);
  }
  for (const { type, stateKeyNid, nid } of timeline) {
    if (type === 'm.room.member' && stateKeyNid !== null)
      deps.lazyMembers.told(device, room.nid, stateKeyNid, nid, now);
  }
};
