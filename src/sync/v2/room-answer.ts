// What an answer says of one room that the user is or was in: timeline, and the state around it.

import type { Filter } from '../../protocol/filters/parse-filter.ts';
import type { UserId } from '../../protocol/ids/branded.ts';
import type { Names } from '../../rooms/names.ts';
import { positionToken } from '../../rooms/read/position-token.ts';
import type { RenderOptions, RoomReader } from '../../rooms/read/room-reader.ts';
import type { RoomRef } from '../../rooms/room-ref.ts';
import type { StateKeyPair } from '../../rooms/state/room-state.ts';
import type { ReadTx } from '../../storage/database.ts';
import type { StoredEvent } from '../../storage/stores/events.ts';
import type { LazyMembers } from './lazy-members.ts';
import type { StateAfterKey, SyncViewer } from './request.ts';
import { type Changes, entriesAt, rootAt, type StateDeps, type StateRoots, stateToTell } from './room-state.ts';
import type { StateTexts } from './state-texts.ts';
import { type TimelinePage, timelinePage } from './timeline.ts';

export interface RoomDeps extends StateDeps {
  readonly reader: RoomReader;
  readonly names: Names;
  readonly stateTexts: StateTexts;
  readonly lazyMembers: LazyMembers;
}

export interface RoomWanted {
  readonly viewer: SyncViewer;
  readonly filter: Filter;
  readonly useStateAfter: StateAfterKey | undefined;
  /** Timeline events have positions above this. */
  readonly after: number;
  /** The timeline's end. */
  readonly upTo: number;
  /** The position of the last state that the user may see; undefined: none. */
  readonly stateUpTo: number | undefined;
  /** The position of the state that the client has; undefined: none. */
  readonly stateSince: number | undefined;
  /** The answer's position. */
  readonly now: number;
  /** The client must not join this timeline to what it has. */
  readonly startsAnew: boolean;
  /** Users whose members are listed in any case. */
  readonly membersNeeded: readonly UserId[];
  /** nid of the user's own member event, which they see in any case: the end of their membership. */
  readonly shown?: number;
}

export interface RoomAnswer {
  readonly page: TimelinePage;
  /** `"timeline":{…}` and `"state":{…}`, each without what is empty. */
  readonly members: readonly string[];
}

const renderOptions = (filter: Filter): RenderOptions => ({
  withoutRoomId: true,
  ...(filter.eventFormat === 'federation' && { federationFormat: true }),
  ...(filter.eventFields && { fields: filter.eventFields }),
});

export const roomAnswer = async (
  deps: RoomDeps,
  tx: ReadTx,
  room: RoomRef,
  wanted: RoomWanted,
): Promise<RoomAnswer> => {
  const { viewer, filter } = wanted;
  const page = await timelinePage(deps.reader, tx, room, wanted, filter.room.timeline, viewer);
  const options = renderOptions(filter);
  const events = await deps.reader.render(tx, room, page.events, viewer, options);
  const nids = await stateNids(deps, tx, room, wanted, page);
  const state = await deps.stateTexts.of(tx, room, nids, filter.room.state, viewer, options);
  return { page, members: sections(wanted, page, events, state) };
};

const sections = (
  { useStateAfter, startsAnew, stateSince, stateUpTo }: RoomWanted,
  page: TimelinePage,
  events: readonly string[],
  state: readonly string[],
): string[] => {
  const parts: string[] = [];
  // Who was not in the room has no gap to fill.
  const limited = stateUpTo !== undefined && (page.limited || startsAnew);
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
  tx: ReadTx,
  room: RoomRef,
  wanted: RoomWanted,
  page: TimelinePage,
): Promise<number[]> => {
  const { stateSince, stateUpTo, shown } = wanted;
  if (stateUpTo === undefined) return [];
  const end = await rootAt(tx, room.nid, stateUpTo);
  const roots: StateRoots = {
    known: stateSince === undefined ? undefined : await rootAt(tx, room.nid, stateSince),
    start: page.start >= stateUpTo ? end : await rootAt(tx, room.nid, page.start),
    end,
  };
  const atEnd = wanted.useStateAfter !== undefined;
  const lazy = wanted.filter.room.state.lazyLoadMembers;
  const told = await stateToTell(deps, tx, { roots, timeline: page.events, atEnd, lazy });
  if (lazy) await addLazyMembers(deps, tx, room, wanted, atEnd ? { ...roots, start: end } : roots, page.events, told);
  const nids = [...told.values()];
  return atEnd && shown !== undefined && !nids.includes(shown) ? [...nids, shown] : nids;
};

/** Adds the member events that are listed because the timeline or the summary names their users. */
const addLazyMembers = async (
  deps: RoomDeps,
  tx: ReadTx,
  room: RoomRef,
  wanted: RoomWanted,
  { start, end }: StateRoots,
  events: readonly StoredEvent[],
  told: Changes,
): Promise<void> => {
  const { viewer, stateSince, now } = wanted;
  const users = new Set<UserId>(wanted.membersNeeded);
  for (const { sender } of events) users.add(sender);
  const pairs = [...users].map((userId): StateKeyPair => ['m.room.member', userId]);
  const keys = (await deps.names.findStateKeysIn(tx, pairs)).filter((key) => key !== undefined);
  const entries = await entriesAt(deps, tx, start, keys);
  const shown = new Set(events.flatMap(({ stateKeyNid }) => stateKeyNid ?? []));
  if (start !== end) {
    for (const [key, event] of await entriesAt(deps, tx, end, keys)) if (!shown.has(key)) entries.set(key, event);
  }
  const { device } = viewer;
  const always = stateSince === undefined || wanted.filter.room.state.includeRedundantMembers;
  for (const [key, event] of entries) {
    const isNews = always || !deps.lazyMembers.knows(device, room.nid, key, event, stateSince);
    if (isNews && !told.has(key)) told.set(key, event);
    deps.lazyMembers.told(device, room.nid, key, event, now);
  }
  for (const { type, stateKeyNid, nid } of events) {
    if (type === 'm.room.member' && stateKeyNid !== null)
      deps.lazyMembers.told(device, room.nid, stateKeyNid, nid, now);
  }
};
